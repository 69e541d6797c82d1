// Narrows the navigation to what is typed, and marks where the reader is. The page is whole without it.
const field = document.querySelector(".search");
const input = field.querySelector("input");
field.hidden = false;
const groups = [...document.querySelectorAll("nav .group")].map((group) => ({
  group,
  sides: [...group.querySelectorAll(".side")],
  links: [...group.querySelectorAll("li:not(.side)")].map((item) => ({
    item,
    text: `${group.firstChild.textContent} ${item.textContent} ${item.firstChild.hash}`.toLowerCase().replaceAll("_", " "),
  })),
}));
input.addEventListener("input", () => {
  const words = input.value.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean);
  for (const { group, sides, links } of groups) {
    for (const side of sides) side.hidden = words.length > 0;
    let found = links.length === 0 && words.length === 0;
    for (const { item, text } of links) {
      item.hidden = !words.every((word) => text.includes(word));
      found ||= !item.hidden;
    }
    group.hidden = !found;
  }
});

// On narrow screens the list is open only while it is used.
const nav = field.parentElement;
input.addEventListener("focus", () => nav.classList.add("open"));
document.addEventListener("click", (event) => {
  if (!field.contains(event.target) && (event.target.closest("nav a") || !nav.contains(event.target))) nav.classList.remove("open");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") nav.classList.remove("open");
});

const links = new Map([...nav.querySelectorAll("li li a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (entries) => {
    const entry = entries.findLast(({ isIntersecting }) => isIntersecting);
    const link = links.get(entry?.target.id);
    if (!link) return;
    nav.querySelector("[aria-current]")?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    const { top, bottom } = link.getBoundingClientRect();
    if (top < 80 || bottom > nav.clientHeight) nav.scrollTop += top - nav.clientHeight / 2;
  },
  { rootMargin: "-10% 0px -85%" }
);
for (const article of document.querySelectorAll("article[id]")) seen.observe(article);
