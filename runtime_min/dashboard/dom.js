// Makes elements. Whatever comes from a history reaches the page as text here, and never as markup.

export const byId = (id) => document.getElementById(id);

// An element with properties and children; strings become text, null and false are left out.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...present(children));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

const present = (children) => children.flat().filter((child) => child !== null && child !== false);

const written = new WeakMap(); // what an element was last made of

// Makes the children of an element those of a list, and keeps the elements of items that are still there:
// so focus, selection and scrolling survive an update. `write` fills an element and is skipped if its item
// is as it was.
export function keep(parent, items, keyOf, create, write) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = String(keyOf(item));
    const element = known.get(key) ?? create(item);
    known.delete(key);
    element.dataset.key = key;
    const text = JSON.stringify(item);
    if (written.get(element) !== text) {
      keepFocus(element, () => write(element, item));
      written.set(element, text);
    }
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  known.forEach((element) => element.remove());
}

function keepFocus(element, change) {
  const had = element.contains(document.activeElement);
  change();
  if (had && !element.contains(document.activeElement)) element.querySelector("a, button")?.focus({ preventScroll: true });
}
