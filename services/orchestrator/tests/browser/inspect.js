// What is wrong with the page for a reader: returns a list of sentences.
const problems = [];
const name = (one) => one.outerHTML.slice(0, 120);

if (document.documentElement.scrollWidth > innerWidth) {
  const wide = [...document.querySelectorAll("main *")].find((one) =>
    one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll, pre"));
  problems.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}: ${wide ? name(wide) : "?"}`);
}
if (!document.documentElement.lang) problems.push("names no language");
if (!document.title.trim()) problems.push("has no title");
if (document.querySelectorAll("h1").length !== 1) problems.push("has not exactly one h1");
if (document.querySelectorAll("main").length !== 1) problems.push("has not exactly one main");

const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) problems.push(`has the id ${id} twice`);
for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!field.labels.length && !field.ariaLabel) problems.push(`a field without a label: ${name(field)}`);
}
for (const one of document.querySelectorAll("a, button, summary")) {
  if (!(one.ariaLabel || one.textContent).trim()) problems.push(`nothing to read on: ${name(one)}`);
}
// Zammad takes the scope out of what others write.
for (const one of document.querySelectorAll("th")) if (!one.scope && !one.closest("article")) problems.push(`a heading of what? ${name(one)}`);
for (const one of performance.getEntriesByType("resource")) {
  if (new URL(one.name).origin !== location.origin && !one.name.startsWith("data:")) problems.push(`loads ${one.name}`);
}

// Contrast of text as WCAG 2.2 counts it (1.4.3): 4.5, or 3 where it is large.
const channels = (color) => color.match(/[\d.]+/g).map(Number);
const luminance = ([red, green, blue]) => {
  const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
};
const ground = (one) => {
  for (; one; one = one.parentElement) {
    const color = channels(getComputedStyle(one).backgroundColor);
    if (color.length < 4 || color[3] === 1) return color;
    if (color[3] !== 0) problems.push(`a half transparent ground: ${name(one)}`);
  }
  return [255, 255, 255];
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
while (texts.nextNode()) {
  const one = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || seen.has(one) || one.matches("script, option") || !one.checkVisibility()) continue;
  seen.add(one);
  const style = getComputedStyle(one);
  const [light, dark] = [luminance(channels(style.color)), luminance(ground(one))].sort((a, b) => b - a);
  const ratio = (light + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) problems.push(`contrast ${ratio.toFixed(2)}: ${name(one)}`);
}
return problems;
