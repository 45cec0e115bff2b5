/** The words of the processes panel that go beyond the two trees. English, the source. */
export default {
  "task.cpu": "CPU",
};
