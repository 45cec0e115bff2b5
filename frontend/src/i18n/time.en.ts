/** The words of time: pausing, the timeline, what happened. English, the source. */
export default {
  "time.panels": "Panels",
};
