/** The words about files that go into a container and come out, in Simplified Chinese. */
import type english from "./files.en";

export default {
  "files.upload": "上传文件…",
  "files.download_menu": "下载文件…",
  "files.drop": "松开即上传到 {directory}",
  "files.uploads": "上传",

  "files.upload_title": "上传到 {name}",
  "files.upload_do_one": "上传 {count} 个文件",
  "files.upload_do_other": "上传 {count} 个文件",
  "files.directory": "容器里的目录",
  "files.directory_note": "目录必须已经存在。上传的文件归 root 所有。",
  "files.absolute": "目录要以“/”开头。",
  "files.too_large": "太大：最多 {most}，不会上传。",
  "files.folders_one": "{count} 个文件夹不会上传：请打包成一个文件再上传。",
  "files.folders_other": "{count} 个文件夹不会上传：请打包成一个文件再上传。",

  "files.waiting": "{name} 正在排队。",
  "files.sending": "正在上传到 {path}",
  "files.cancel": "取消上传 {name}",
  "files.done": "已上传到 {path}",
  "files.type": "在提示符处键入路径",
  "files.taken": "{path} 已经存在。",
  "files.replace": "替换",
  "files.keep_both": "两个都保留",
  "files.skip": "跳过",
  "files.failed": "{name} 没有上传。",

  "files.download_title": "从 {name} 下载",
  "files.download": "下载",
  "files.asking": "正在询问…",
  "files.path": "文件在容器里的路径",
  "files.path_note": "普通文件，最多 {most}。",
  "files.absolute_file": "文件的路径以“/”开头，并且不以“/”结尾。",
  "files.fetching": "浏览器正在下载 {path}。",

  "files.no_such": "容器里没有 {path}。",
  "files.not_running": "容器没有在运行：请先启动。",
  "files.frozen": "容器被冻结了：请先解冻。",
  "files.no_room": "放不下：{message} 一个文件最多 {most}。",
} satisfies Record<keyof typeof english, string>;
