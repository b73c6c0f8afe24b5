// What a hostile text has achieved on the page: returns a list of sentences.
const harm = [];
if (window.pwned) harm.push("its script ran");
for (const one of document.querySelectorAll("[id^=pwned], [onerror], [onload], [onclick], iframe, object, embed, base")) {
  harm.push(`it made an element: ${one.outerHTML.slice(0, 120)}`);
}
for (const one of document.querySelectorAll("script")) {
  if (!one.src || new URL(one.src).origin !== location.origin) harm.push(`it made a script: ${one.outerHTML.slice(0, 120)}`);
}
for (const one of document.querySelectorAll("a[href], form[action], [src]")) {
  if (/^(javascript|data):/i.test(one.href || one.action || one.src)) harm.push(`it made a link: ${one.outerHTML.slice(0, 120)}`);
}
return harm;
