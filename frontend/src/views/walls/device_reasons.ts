/** Why a device node is in a container, and why one is not. */
import type { Key } from "../../i18n/index";
import type { Device } from "../../protocol/generated";

const WHY = {
  null: "dv.why_null",
  zero: "dv.why_zero",
  full: "dv.why_full",
  random: "dv.why_random",
  urandom: "dv.why_urandom",
  tty: "dv.why_tty",
  console: "dv.why_console",
  ptmx: "dv.why_ptmx",
  pts: "dv.why_pts",
  "pts/ptmx": "dv.why_ptmx",
  shm: "dv.why_shm",
  mqueue: "dv.why_mqueue",
  fd: "dv.why_fd",
  stdin: "dv.why_stdin",
  stdout: "dv.why_stdout",
  stderr: "dv.why_stderr",
  core: "dv.why_core",
} as const;

/** Null: nobody put it there from the start. */
export const whyHere = (name: string): Key | null =>
  Object.hasOwn(WHY, name) ? WHY[name as keyof typeof WHY] : name.startsWith("pts/") ? "dv.why_pts" : null;

export const ABSENT = ["disk", "mem", "kmsg", "vm", "mount", "net", "tty", "human", "cpu", "clock", "other"] as const;
export type Absent = (typeof ABSENT)[number];

const NAMES: readonly (readonly [Absent, RegExp])[] = [
  ["mem", /^(?:mem|kmem|port|nvram)$/],
  ["kmsg", /^kmsg$/],
  ["vm", /^(?:kvm|vhost-|vfio|sev|sgx|nitro|vsock|vmci)/],
  ["mount", /^(?:fuse|cuse|loop|btrfs-control|mapper|autofs|zfs|bcachefs|userfaultfd|ublk|device-mapper)/],
  ["net", /^(?:net\/|net$|ppp|tap|tun|rfkill)/],
  ["human", /^(?:input|uinput|uhid|hidraw|snd|dri|fb\d|video|media|mice|usb|bus|psaux|vga_arbiter|lirc|cec)/],
  ["tty", /^(?:tty|vcs|hvc|ttyS|console|lp\d|serial|pts|ptmx)/],
  ["cpu", /^(?:cpu|mcelog)/],
  ["clock", /^(?:rtc|hpet|watchdog|snapshot|cpu_dma_latency|udmabuf|ptp|pps|hwrng|tpm|ipmi)/],
];

/** Which of the reasons keeps a node of the host out. A block device is a disk, whatever its name. */
export function whyAbsent(name: string, device: Device): Absent {
  if (device.type === "block") return "disk";
  if (/^cpu_dma_latency$/.test(name)) return "clock";
  return NAMES.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}
