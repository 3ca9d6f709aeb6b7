/**
 * Builds elements. Knows nothing of chats.
 *
 * Text only ever becomes a text node here: no function of the page parses a string as markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/** h("button", {class: "x", onclick: f, dataset: {id: 1}, "aria-label": "…"}, child, …): an element; null and false are skipped. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "vars")
      for (const [key, v] of Object.entries(value)) element.style.setProperty(`--${key}`, String(v));
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const PATHS = {
  attach:
    "M20 11.5 12.3 19a5 5 0 0 1-7-7.100l8-7.800a3.300 3.300 0 0 1 4.700 4.700l-7.900 7.700a1.600 1.600 0 0 1-2.300-2.300l7-6.800",
  menu: "M4 7h16M4 12h11M4 17h16",
  send: "M4.500 12 3 4.500 21 12 3 19.500zM4.500 12H12",
  keyboard: "M3 6.500h18v11H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M7.500 14h9",
  more: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  group:
    "M9 11a3.200 3.200 0 1 0 0-6.400A3.200 3.200 0 0 0 9 11zM3 19c.3-3.300 2.700-5.300 6-5.300s5.700 2 6 5.300M16 4.900a3.200 3.200 0 0 1 0 5.900M17.500 14c2.100.7 3.300 2.400 3.500 5",
  person:
    "M12 11.500a3.700 3.700 0 1 0 0-7.400 3.700 3.700 0 0 0 0 7.400zM5 20c.4-3.800 3.200-6 7-6s6.600 2.200 7 6",
  tools: "M5 6h9M18 6h1M5 12h2M11 12h8M5 18h7M16 18h3M14 4v4M7 10v4M12 16v4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  photo: "M4 5h16v14H4zM4 16l4.500-4.500 4 4 2.500-2.500 5 5M15.500 9.500h.01",
  voice:
    "M12 4a2.500 2.500 0 0 1 2.500 2.500v5a2.500 2.500 0 0 1-5 0v-5A2.500 2.500 0 0 1 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3",
  place:
    "M12 21c4.500-4.700 6.700-8.100 6.700-11A6.700 6.700 0 0 0 5.300 10c0 2.900 2.200 6.300 6.700 11zM12 12.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600z",
  contact:
    "M5 4h14v16H5zM12 11.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8.500 16.500c.4-1.800 1.700-2.700 3.500-2.700s3.100.9 3.500 2.700",
  smile:
    "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM8.500 14c1.700 2.300 5.300 2.300 7 0M9 9.500h.01M15 9.500h.01",
  play: "M8 5.500v13l10.500-6.500z",
  pause: "M8 5.500v13M16 5.500v13",
  down: "M6 9.500l6 6 6-6",
  arrow: "M12 5v14M6 13l6 6 6-6",
  reply: "M9 7 4 12l5 5M4 12h9c4 0 6.500 2 7 6",
  check: "M5 12.500 10 17.500 19.500 7",
  link: "M14 5h5v5M19 5l-8 8M10 6H5v13h13v-5",
  language:
    "M4 6h9M8.500 4v2c0 4-1.800 7-4.500 8.500M5.500 9c.8 2.700 3 4.700 6 5.500M12.500 20l4-10 4 10M14 16.800h5",
  home: "M4 11.500 12 4.500l8 7M6 10v9.500h12V10M10 19.500V14h4v5.500",
};

/** A 24-unit line icon that screen readers skip; the button around it carries the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A round button with an icon and a spoken label. */
export function iconButton(name, label, onclick, props = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props },
    icon(name),
  );
}

/** A coloured disc with the first letter of a name; the colour follows the id. */
export function avatar(id, name, kind = "person") {
  const hue = Math.round((Math.abs(Number(id)) * 137.508) % 360);
  const letter = Array.from(name.trim())[0] ?? "?";
  const face = kind === "bot" ? icon("home") : kind === "group" ? icon("group") : letter.toUpperCase();
  return h("span", { class: `avatar avatar-${kind}`, vars: { hue }, "aria-hidden": "true" }, face);
}

/** Calls `draw` once in the next frame however often it is asked. */
export function framed(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** A node that says one thing and leaves: the place for it is a live region. */
export function say(region, text, { lasting = 3500, kind = "plain" } = {}) {
  const toast = h("div", { class: `toast toast-${kind}` }, text);
  region.append(toast);
  setTimeout(() => toast.remove(), lasting);
}
