/** Write moments in the reader's own time and manner. */
export function localizeTimes(within: ParentNode): void {
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const minute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of within.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const format = time.dataset["date"] === undefined ? minute : day;
    time.textContent = format.format(new Date(time.dateTime));
  }
}
