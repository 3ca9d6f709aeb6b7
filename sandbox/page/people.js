/**
 * How people and groups are listed and picked: the strip at the top with its unread badges, and the picker of a phone.
 */

import { avatar, h } from "./dom.js";
import { popover } from "./menus.js";
import { fullName, t } from "./words.js";

/** People and groups in one shape: {chatId, name, note, kind, blocked}. */
export function everyone(world) {
  const people = world.people.map((person) => ({
    chatId: person.user_id,
    name: fullName(person),
    kind: "person",
    blocked: person.blocked,
    note: person.note || (person.username ? `@${person.username}` : person.started ? "" : t("notStarted")),
  }));
  const groups = world.groups.map((group) => ({
    chatId: group.chat_id,
    name: group.title,
    kind: "group",
    blocked: false,
    note: t("members", { n: group.members.length }),
  }));
  return [...people, ...groups];
}

/** The count of unread messages, null for none. */
function badge(count) {
  return count
    ? h(
        "span",
        { class: "badge", "aria-label": t("unreadN", { n: count }) },
        count > 99 ? "99+" : String(count),
      )
    : null;
}

/** The row of faces at the top; those on a phone are marked. `open(chatId)` hears of a click. */
export class Strip {
  constructor(store, { open, shown }) {
    Object.assign(this, { store, open, shown });
    const sideways = (event) => (this.element.scrollLeft += event.deltaX || event.deltaY);
    this.element = h("nav", { class: "strip", "aria-label": t("people"), onwheel: sideways });
  }

  update() {
    const { on, active } = this.shown();
    const signature = JSON.stringify([
      everyone(this.store.world),
      [...this.store.unread],
      on,
      active,
      t("people"),
    ]);
    if (signature === this.signature) return;
    this.signature = signature;
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.dataset.chat
      : null;
    this.element.setAttribute("aria-label", t("people"));
    this.element.replaceChildren(...everyone(this.store.world).map((one) => this.#face(one, on, active)));
    const again = [...this.element.children].find((face) => face.dataset.chat === focused);
    (again ?? null)?.focus();
    this.element.querySelector(".is-active")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #face({ chatId, name, note, kind }, on, active) {
    const isOn = on.includes(chatId);
    const count = this.store.unread.get(chatId) ?? 0;
    const label = [name, note, isOn ? t("onPhone") : null, count ? t("unreadN", { n: count }) : null]
      .filter(Boolean)
      .join(", ");
    return h(
      "button",
      {
        type: "button",
        class: `face${isOn ? " is-on" : ""}${chatId === active ? " is-active" : ""}`,
        dataset: { chat: chatId },
        title: note ? `${name} · ${note}` : name,
        "aria-label": label,
        "aria-current": chatId === active ? "true" : null,
        onclick: () => this.open(chatId),
      },
      avatar(chatId, name, kind),
      h("span", { class: "face-name" }, name),
      badge(count),
    );
  }
}

/** The list from which a phone gets another owner. `choose(chatId)` hears of it. */
export function openPicker(anchor, store, currentId, choose) {
  const list = h("div", { class: "picker-list", role: "listbox", "aria-label": t("people") });
  const pick = (chatId) => {
    menu.hidePopover();
    choose(chatId);
  };
  const row = ({ chatId, name, note, kind, blocked }) =>
    h(
      "button",
      {
        type: "button",
        class: "picker-row",
        role: "option",
        tabindex: "-1",
        "aria-selected": String(chatId === currentId),
        onclick: () => pick(chatId),
      },
      avatar(chatId, name, kind),
      h(
        "span",
        { class: "who-words" },
        h("b", {}, name),
        h("small", {}, [note, blocked ? t("isBlocked") : null].filter(Boolean).join(" · ")),
      ),
      badge(store.unread.get(chatId)),
    );
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = everyone(store.world).filter(({ name, note, chatId }) =>
      `${name} ${note} ${chatId}`.toLowerCase().includes(wanted),
    );
    const part = (kind, words) => {
      const rows = found.filter((one) => one.kind === kind);
      return rows.length > 0 ? [h("p", { class: "menu-note" }, words), ...rows.map(row)] : [];
    };
    const rows = [...part("person", t("persons")), ...part("group", t("groups"))];
    list.replaceChildren(...(rows.length > 0 ? rows : [h("p", { class: "menu-note" }, t("nobody"))]));
  };
  const first = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    list.querySelector("[role=option]")?.click();
  };
  const search = h("input", {
    type: "search",
    class: "picker-search",
    placeholder: t("search"),
    "aria-label": t("search"),
    oninput: draw,
    onkeydown: first,
  });
  draw();
  const menu = popover(anchor, [search, list], { label: t("choose"), role: "dialog" });
  menu.classList.add("picker");
  list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}
