// Narrows the navigation to what is typed. The page is whole without it.
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
