// Slack shows dates in each reader's own zone: this fills them in, from the moment and the format they carry.
const formats = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" }, date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, time_secs: { timeStyle: "medium", hourCycle: "h23" },
};
function ago(seconds) {
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  return unit ? new Intl.RelativeTimeFormat("en").format(-Math.trunc(seconds / size), unit) : "just now";
}
function dateWords(name, when) {
  const days = Math.round((new Date(when).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  const pretty = name.endsWith("_pretty") && { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  if (pretty) return pretty;
  if (name === "ago") return ago((Date.now() - when) / 1000);
  const format = formats[name.replace("_pretty", "")];
  return format ? new Intl.DateTimeFormat("en-GB", format).format(when) : `{${name}}`;
}
export function localTimes(root) {
  for (const node of root.querySelectorAll("time[data-format]")) {
    const when = new Date(node.dataset.stamp * 1000);
    const words = node.dataset.format.replace(/\{(\w+)\}/g, (_, name) => dateWords(name, when));
    if (node.textContent !== words) node.textContent = words;
    node.dateTime = when.toISOString();
    node.title = when.toLocaleString("en-GB");
  }
}
