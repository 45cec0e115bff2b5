"""The system calls of tier T1: an allow-list of our own, everything unknown is "not implemented".

ENOSYS by default, so that a libc newer than this list falls back to older calls instead of failing; EPERM where a
refusal is the lesson. Names that the host's libseccomp does not know are skipped by the OCI runtime. Sources: the
profiles of moby and Podman, narrowed where isolation asks for it.
"""

from __future__ import annotations

from typing import Any

EPERM, EINVAL, ENOSYS = 1, 22, 38
NEW_NAMESPACES = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (clone(2))."""

_ALLOWED = """
_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32
chroot clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32
fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64
fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake
futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid
geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority
getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid
gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set
ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat
listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise
map_shadow_stack mbind membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2
mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2
pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_madvise
process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read
readahead readdir readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
removexattr removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending
rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile
sendfile64 sendmmsg sendmsg sendto set_mempolicy set_robust_list set_thread_area set_tid_address setfsgid
setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid
setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid
setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4
sigpending sigprocmask sigreturn sigsuspend socketpair splice stat stat64 statfs statfs64 statmount statx symlink
symlinkat sync sync_file_range sync_file_range2 syncfs sysinfo tee tgkill time timer_create timer_delete
timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink
unlinkat utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev
"""

_REFUSED = """
acct add_key bpf delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick init_module io_uring_enter
io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie migrate_pages mount
mount_setattr move_mount move_pages open_by_handle_at open_tree open_tree_attr perf_event_open pivot_root quotactl
quotactl_fd reboot request_key setdomainname sethostname setns settimeofday clock_settime clock_settime64 socketcall
stime swapoff swapon syslog umount umount2 unshare userfaultfd uselib vhangup vmsplice
"""

ALLOWED = _ALLOWED.split()
REFUSED = _REFUSED.split()

BY_MACHINE = {
    "x86_64": ["arch_prctl", "modify_ldt"],
    "aarch64": ["arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls"],
}
ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}

FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
AF_NETLINK = 16
AUDIT = 9  # answered EINVAL, as by a kernel without audit: at any other error su(1) and useradd(8) give up
NETLINK = (0, 4, 15, 16)  # ROUTE, SOCK_DIAG, KOBJECT_UEVENT, GENERIC: what ip(8) and ss(8) speak
PERSONALITIES = (0, 8, 0x20000, 0x20008, 0xFFFF_FFFF)  # setarch(8)'s harmless ones; gdb's is added below
NO_RANDOMIZE = 0x004_0000  # ADDR_NO_RANDOMIZE


def profile(machine: str) -> dict[str, Any]:
    """`linux.seccomp` of config.json for tier T1 on `machine` (`uname -m`). Raises `KeyError` for one not known.

    `socketcall` (32-bit x86) is refused whole: the family it asks for lies in memory, where a filter cannot look, and
    libseccomp would otherwise allow it wherever it allows `socket` for some family. 32-bit programs have `socket` too.
    """
    rules: list[dict[str, Any]] = [
        _allow(sorted({*ALLOWED, *BY_MACHINE[machine]})),
        _errno(REFUSED, EPERM),
        _errno(["clone3"], ENOSYS),  # its flags lie in memory: libc then falls back to clone
        _allow(["clone"], (0, NEW_NAMESPACES, 0, "SCMP_CMP_MASKED_EQ")),
        *(_allow(["socket"], (0, family, None, "SCMP_CMP_EQ")) for family in FAMILIES),
        *(
            _allow(["socket"], (0, AF_NETLINK, None, "SCMP_CMP_EQ"), (2, protocol, None, "SCMP_CMP_EQ"))
            for protocol in NETLINK
        ),
        {
            **_errno(["socket"], EINVAL),
            "args": [
                {"index": 0, "value": AF_NETLINK, "op": "SCMP_CMP_EQ"},
                {"index": 2, "value": AUDIT, "op": "SCMP_CMP_EQ"},
            ],
        },
        *(_allow(["personality"], (0, value, None, "SCMP_CMP_EQ")) for value in (*PERSONALITIES, NO_RANDOMIZE)),
    ]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": ENOSYS,
        "architectures": ARCHITECTURES[machine],
        "syscalls": rules,
    }


def _allow(names: list[str], *arguments: tuple[int, int, int | None, str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": names, "action": "SCMP_ACT_ALLOW"}
    if arguments:
        rule["args"] = [
            {"index": index, "value": value, **({} if two is None else {"valueTwo": two}), "op": op}
            for index, value, two, op in arguments
        ]
    return rule


def _errno(names: list[str], errno: int) -> dict[str, Any]:
    return {"names": sorted(names), "action": "SCMP_ACT_ERRNO", "errnoRet": errno}
