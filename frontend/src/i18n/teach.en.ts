/** One sentence for each figure, in plain words, in English. */
export default {
  "teach.both": "{words} {verdict}",
  "teach.formula": "Worked out as",
  "teach.names": "The same on either version",
  "teach.marked": "the line of this figure",

  "teach.used":
    "Every page charged to this group: its processes’ own, its page cache, and what the kernel holds for it.",
  "teach.used_now":
    "{used} of {limit} are charged to this group, page cache and all. {left} more, and the kernel must take back or kill.",
  "teach.limit": "No limit is set here: only the machine’s memory and the groups above bound it.",
  "teach.limit_now": "At {limit} the kernel takes back cache; if that is not enough, it kills a process of this group.",
  "teach.high": "Above this the kernel does not kill: it slows the group down and takes memory back.",
  "teach.soft": "When the machine runs short, memory is taken first from groups above this mark.",
  "teach.peak": "The most that was ever charged at once since the group was made.",
  "teach.hits": "How often the limit was reached; mostly some cache was dropped and nobody noticed.",
  "teach.oom_kills": "How many processes of this group the kernel killed because nothing more could be taken back.",
  "teach.anon": "Memory with no file behind it: heaps, stacks, malloc. Without swap it goes only with its process.",
  "teach.cache": "File pages kept in memory, so that the next read needs no disk.",
  "teach.active_file": "File pages that were used more than once: the kernel keeps them as long as it can.",
  "teach.inactive_file":
    "File pages not used for a while: the first to go, and so not “used” to docker and kubernetes.",
  "teach.shmem": "Files that live in memory: shared memory, and every tmpfs, the upper layer of this container too.",
  "teach.kernel": "What the kernel itself holds for the group: thread stacks, page tables, small objects.",
  "teach.slab": "The kernel’s small objects for this group: directory entries, inodes, pipes.",
  "teach.sock": "Data that waits in sockets to be sent or read.",
  "teach.file_other":
    "Page cache less what is shared memory and what is on the two lists: locked pages, and those in between.",
  "teach.memory_stat": "The memory of the group by kind, one kind a line, in bytes.",
  "teach.memory_pressure":
    "How long tasks waited for memory to be taken back or read in again: total in microseconds, averages in percent.",
  "teach.cpu_time": "CPU time of all tasks together: two busy cores make two seconds a second.",
  "teach.cpu_time_now": "{time} of CPU time so far, all tasks together; two busy cores make two seconds a second.",
  "teach.quota": "No quota: it may use every core.",
  "teach.quota_now": "{quota} of CPU time in every {period}: {cores} cores on average, whatever the number of threads.",
  "teach.periods": "How many of the scheduler’s periods it wanted to run in; those it slept through are not counted.",
  "teach.throttled": "In how many periods the quota ran out before the period did.",
  "teach.throttled_now": "In {n} of {all} periods the quota ran out, and every thread had to wait for the next.",
  "teach.waited": "How long its run queues stood still for want of quota, all processors added up.",
  "teach.waited_now": "Its run queues stood still for {time} for want of quota, all processors added up.",
  "teach.weight": "Its share when groups compete for a core; alone, it may still use all of it.",
  "teach.cpus": "The processors it may run on: its own setting, cut down to what the groups above have.",
  "teach.cpu_pressure":
    "How long tasks were ready and had no processor: some, at least one of them; full, all of them. A quota counts too.",
  "teach.cpu_stat": "CPU time and the work of the quota, one figure a line.",
  "teach.cpuacct_stat": "CPU time in the program’s own code and in the kernel, in hundredths of a second.",
  "teach.tasks": "Tasks in the group, threads too: each one takes a number that all of the host share.",
  "teach.tasks_limit": "No limit: a fork bomb in here would take every number of the host.",
  "teach.tasks_now": "{count} of {limit} tasks. The {nth} fork would fail with EAGAIN.",
  "teach.refused": "How often fork or clone failed with EAGAIN because the limit of tasks was reached.",
  "teach.read": "Bytes read from block devices; what the page cache answered never got here.",
  "teach.write": "Bytes written to block devices; what still waits in memory is not among them.",
  "teach.io_weight": "Its share when groups compete for a disk, where the disk’s scheduler knows weights.",
  "teach.io_pressure": "How long tasks waited for disks: some, at least one of them; full, all of them.",
  "teach.freeze": "Whether the scheduler passes over every task of the group: no signal, and nothing inside can tell.",
  "teach.kill": "Writing 1 kills every process of the group at once, with none left to fork meanwhile.",
  "teach.members": "The processes and threads of the group, by the numbers of whoever reads.",
  "teach.memsw": "Limit of memory and swap together; the same as the memory limit means: no swap.",
  "teach.swappiness": "How readily the kernel swaps out rather than drop cache: 0 hardly, 100 as readily.",
  "teach.cgroup_events": "Whether any process is in the group, and whether it is frozen.",
  "teach.used_kernel": "The kernel counts all that is charged to the group: this is what is held against the limit.",
  "teach.used_docker": "docker takes off the file pages that could be dropped at once: what is left would be missed.",
  "teach.used_kubernetes":
    "kubernetes calls it the working set and evicts by it; the same sum as docker’s, but never less than nothing.",
  "teach.used_free":
    "free reads /proc/meminfo, and no namespace stands before that file: inside as outside it tells of the whole host.",
  "teach.meminfo": "The whole machine’s memory. No namespace covers this file: a container reads the same numbers.",
  "teach.vmstat": "Counters of the whole machine, among them all processes ever killed for memory.",
  "teach.online": "The processors of the machine that are switched on.",
  "teach.loadavg": "The machine’s load, and its tasks: how many run, how many there are.",
  "teach.pid_max": "The largest number a process of this machine can have: all containers draw from it.",

  "teach.ns_mnt": "Which mounts there are, and so what every path means.",
  "teach.ns_pid": "Which processes have a number, and which number.",
  "teach.ns_net": "Which network interfaces, addresses, routes and ports there are.",
  "teach.ns_ipc": "Which System V IPC objects and POSIX message queues can be found.",
  "teach.ns_uts": "What the machine is called: uname and hostname.",
  "teach.ns_user": "Which user and group numbers there are, and over what root has power.",
  "teach.ns_cgroup": "Where the cgroup tree seems to begin.",
  "teach.ns_time": "What the monotonic and the boot clock are set off by.",
  "teach.ns_pid_for_children":
    "The PID namespace its next child will be born into: one’s own cannot change, as one’s number must not.",
  "teach.ns_time_for_children": "The time namespace its next child will be born into.",
  "teach.ns_own": "The number differs from the host’s: the container has one of its own.",
  "teach.ns_shared": "The number is the host’s: the container shares it.",
  "teach.ns_hosts": "This is the host’s: whoever shows the same number is in it.",

  "teach.proc_pair":
    "NSpid lists one process by all its numbers, outermost first: {outside} on the host, {inside} in the container; {levels} namespaces deep.",
  "teach.proc_outside": "NSpid has one number: this process is in the host’s PID namespace alone, and has none inside.",
  "teach.proc_state":
    "What the scheduler has it down for: running, sleeping, waiting for a disk, stopped, or dead and not collected.",
  "teach.proc_user":
    "Real, effective, saved and file system number of its user and group, as the reader’s namespace counts them.",
  "teach.proc_threads": "Tasks that share its memory: each one counts against the limit of tasks.",
  "teach.proc_parent": "Who must collect it when it ends; 0 where the parent cannot be seen from here.",
  "teach.proc_memory":
    "Its pages in memory now. What is shared counts in full with each who shares it: the sum is more than the group’s.",
  "teach.proc_cpu":
    "Fields 14 and 15 are clock ticks in its own code and in the kernel; a tick is a hundredth of a second.",

  "teach.ov_mountinfo":
    "The line of the root says it all: overlay, the read-only lowerdir list top first, the upperdir that takes every write.",
  "teach.ov_upperdir":
    "All that this container has written, and nothing else: the layers below are shared and untouched.",
} as const;
