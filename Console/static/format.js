// Format times and numbers for people.
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const ABSOLUTE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** “3 minutes ago”. */
export function ago(text) {
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (seconds > -45) return "just now";
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-seconds >= length) return RELATIVE.format(Math.round(seconds / length), unit);
  }
  return "a minute ago";
}

export const when = (text) => ABSOLUTE.format(new Date(text));

/** The time of day, with the date unless it is today. */
export function clock(text) {
  const moment = new Date(text);
  return moment.toDateString() === new Date().toDateString() ? CLOCK.format(moment) : when(text);
}

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

const CATEGORIES = {
  Proposed: "Proposed", InProgress: "In progress", Resolved: "Resolved", Completed: "Completed", Removed: "Removed",
};
export const categoryName = (category) => CATEGORIES[category] ?? category;

const DAY = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const sinceMidnight = (moment) => new Date(moment).setHours(0, 0, 0, 0);

export const timeOfDay = (text) => CLOCK.format(new Date(text));

/** “Today”, “Yesterday”, or “Thursday, November 26”. */
export function dayOf(text, now = Date.now()) {
  const days = Math.round((sinceMidnight(now) - sinceMidnight(Date.parse(text))) / 86_400_000);
  return ["Today", "Yesterday"][days] ?? DAY.format(new Date(text));
}
