/**
 * Menus and dialogs, with the keyboard in mind. What stands in them comes from the caller.
 */

import { h, icon, iconButton } from "./dom.js";
import { t } from "./words.js";

function place(menu, anchor, upwards) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
  const below = box.bottom + 6;
  const above = Math.max(8, box.top - height - 6);
  const fitsBelow = below + height < innerHeight - 8;
  menu.style.left = `${left}px`;
  menu.style.top = `${upwards || !fitsBelow ? above : below}px`;
}

function walk(event, menu) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("[role=menuitem], [role=option]")];
  const at = items.indexOf(document.activeElement);
  items.at((at + step) % items.length)?.focus();
}

/** A light box of any content beside `anchor`; Escape and a click elsewhere close it. Returns the element. */
export function popover(anchor, content, { upwards = false, label = "", role = "menu" } = {}) {
  const menu = h(
    "div",
    { class: "menu", popover: "auto", role, "aria-label": label, onkeydown: (event) => walk(event, menu) },
    content,
  );
  menu.addEventListener("toggle", (event) => {
    anchor.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "closed") return;
    menu.remove();
    if (document.activeElement === document.body) anchor.focus();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor, upwards);
  menu.querySelector("input, [role=menuitem], [role=option]")?.focus();
  return menu;
}

/** Items are {label, hint?, icon?, onclick, danger?}, null is skipped, "-" is a line. `head` stands above them. */
export function openMenu(anchor, items, { upwards = false, head = null, label = t("more") } = {}) {
  const run = (item) => {
    menu.hidePopover();
    item.onclick();
  };
  const entries = items.filter(Boolean).map((item) =>
    item === "-"
      ? h("hr")
      : h(
          "button",
          {
            type: "button",
            class: `menu-item${item.danger ? " is-danger" : ""}`,
            role: "menuitem",
            tabindex: "-1",
            onclick: () => run(item),
          },
          item.icon ? icon(item.icon) : null,
          h("span", {}, item.label),
          item.hint ? h("small", {}, item.hint) : null,
        ),
  );
  const menu = popover(anchor, [head, ...entries], { upwards, label });
  return menu;
}

function input(field) {
  const { name, value, required = false, ...rest } = field;
  const common = { name, id: `field-${name}`, required };
  if (field.kind === "select") {
    return h(
      "select",
      { ...common, onchange: field.onchange },
      field.options.map(([v, words]) =>
        h("option", { value: v, selected: String(v) === String(value) }, words),
      ),
    );
  }
  if (field.kind === "check") return h("input", { ...common, type: "checkbox", checked: Boolean(value) });
  if (field.kind === "many") {
    return h(
      "div",
      { class: "choices" },
      field.options.map(([v, words]) =>
        h("label", {}, h("input", { type: "checkbox", name, value: v }), h("span", {}, words)),
      ),
    );
  }
  const plain = {
    type: rest.kind ?? "text",
    placeholder: rest.placeholder,
    pattern: rest.pattern,
    title: rest.title,
    maxlength: rest.maxlength,
    step: rest.step,
    autocomplete: "off",
  };
  return h("input", { ...common, ...plain, value: value ?? "" });
}

function valuesOf(form, fields) {
  const data = new FormData(form);
  const read = (field) => {
    if (field.kind === "many") return data.getAll(field.name);
    return field.kind === "check" ? data.has(field.name) : String(data.get(field.name) ?? "").trim();
  };
  return Object.fromEntries(fields.map((field) => [field.name, read(field)]));
}

/**
 * A dialog with fields {name, label, kind?: text|number|select|check|many, …}. `submit(values)` may throw: its message
 * is shown and the dialog stays. `onready(form)` may wire fields together.
 */
export function openForm({ title, hint, fields, action, submit, onready }) {
  const error = h("p", { class: "form-error", role: "alert", hidden: true });
  const send = async (event) => {
    event.preventDefault();
    try {
      await submit(valuesOf(form, fields));
      dialog.close();
    } catch (failure) {
      error.hidden = false;
      error.textContent = failure.message;
    }
  };
  const rows = fields.map((field) =>
    field.kind === "many"
      ? h("fieldset", { class: "field" }, h("legend", {}, field.label), input(field))
      : h(
          "label",
          { class: `field${field.kind === "check" ? " is-check" : ""}` },
          h("span", {}, field.label),
          input(field),
        ),
  );
  const form = h(
    "form",
    { method: "dialog", onsubmit: send },
    h(
      "header",
      {},
      h("h2", { id: "dialog-title" }, title),
      iconButton("close", t("cancel"), () => dialog.close()),
    ),
    hint ? h("p", { class: "hint" }, hint) : null,
    rows,
    error,
    h(
      "footer",
      {},
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("cancel")),
      h("button", { type: "submit", class: "button is-main" }, action),
    ),
  );
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    form,
  );
  document.body.append(dialog);
  onready?.(form);
  dialog.showModal();
  form.querySelector("input, select")?.focus();
}

/** A dialog that only shows preformatted text. */
export function openText(title, text) {
  const close = () => dialog.close();
  const dialog = h(
    "dialog",
    { class: "dialog is-wide", "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    h("header", {}, h("h2", { id: "dialog-title" }, title), iconButton("close", t("ok"), close)),
    h("pre", { tabindex: "0" }, text),
  );
  document.body.append(dialog);
  dialog.showModal();
}
