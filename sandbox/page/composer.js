/**
 * The foot of a phone: what to write or attach, the bot's reply keyboard, its commands, Start and Unblock.
 * It hands deeds to `phone.act({do: …})` and knows nothing of how they travel.
 */

import { packed } from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { askContact, askPlace } from "./forms.js";
import { openMenu } from "./menus.js";
import { sampleVoice, sampleSticker, samplePhoto } from "./samples.js";
import { gist } from "./media.js";
import { ReplyKeys } from "./replykeys.js";
import { fullName, t } from "./words.js";

const isVisual = (file) => /^(image|video)\//.test(file.type) && file.type !== "image/svg+xml";

export class Composer {
  /** `phone` offers person, chatId, isGroup, keyboard, commands, isGone, isBlocked, isStarted, act(deed), notice(text), people. */
  constructor(phone, draft) {
    this.phone = phone;
    this.files = [];
    this.replyTo = null;
    this.box = h("textarea", {
      rows: 1,
      placeholder: "",
      "aria-label": t("write"),
      autocomplete: "off",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onpaste: (event) => this.#paste(event),
      onfocus: () => phone.touched(),
    });
    this.box.value = draft;
    this.tray = h("div", { class: "tray", hidden: true });
    this.hints = h("div", { class: "hints", role: "listbox", "aria-label": t("commands"), hidden: true });
    this.sendButton = iconButton("send", t("sendIt"), () => this.submit(), { class: "icon-button send" });
    this.menuButton = iconButton("menu", t("commands"), () => this.#openCommands(), {
      "aria-haspopup": "menu",
    });
    this.attachButton = iconButton("attach", t("attach"), () => this.#openAttachments(), {
      "aria-haspopup": "menu",
    });
    this.keys = new ReplyKeys({
      text: (text) => this.#deed({ do: "text", text }),
      contact: () => this.#shareContact(),
      place: () => this.#sharePlace(),
      notHere: () => phone.notice(t("notHere")),
    });
    this.picker = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      "aria-hidden": "true",
      tabindex: "-1",
      onchange: () => this.#picked(),
    });
    this.row = h(
      "div",
      { class: "composer-row" },
      this.menuButton,
      this.attachButton,
      this.box,
      this.keys.toggle,
      this.sendButton,
    );
    this.line = h(
      "div",
      { class: "composer-line" },
      this.hints,
      this.tray,
      this.row,
      this.keys.element,
      this.picker,
    );
    this.gate = h("div", { class: "gate" });
    this.element = h("footer", { class: "composer" }, this.line, this.gate);
    this.gateKind = "";
  }

  update() {
    const { phone } = this;
    const kind = this.#kind();
    this.line.hidden = kind !== "open";
    this.gate.hidden = kind === "open";
    if (kind !== this.gateKind) this.#drawGate(kind);
    this.gateKind = kind;
    this.keys.update(phone.keyboard);
    this.#typed();
  }

  #kind() {
    const { isGroup, isGone, isBlocked, isStarted } = this.phone;
    if (isGone) return "gone";
    if (isGroup) return "open";
    if (isBlocked) return "blocked";
    return isStarted ? "open" : "new";
  }

  focus() {
    (this.line.hidden ? this.gate.querySelector("button") : this.box)?.focus();
  }

  answer(message) {
    this.replyTo = message;
    this.#drawTray();
    this.box.focus();
  }

  /** Takes files dropped on the phone. */
  take(files) {
    const visual = files.every(isVisual);
    if (visual) this.files.push(...files);
    else files.forEach((file) => this.#sendFile("document", file));
    this.#drawTray();
    this.box.focus();
  }

  #drawGate(kind) {
    const name = fullName(this.phone.person);
    if (kind === "gone") return this.gate.replaceChildren(h("p", {}, t("goneHint", { name })));
    if (kind === "blocked") {
      this.gate.replaceChildren(
        h("p", {}, t("blockedHint", { name })),
        h(
          "button",
          { type: "button", class: "button is-main", onclick: () => this.#deed({ do: "unblock" }) },
          t("unblock"),
        ),
      );
      return null;
    }
    const payload = h("input", {
      name: "payload",
      placeholder: t("startCodeHint"),
      "aria-label": t("startCode"),
      pattern: "[A-Za-z0-9_\\-]{0,64}",
      title: t("payloadRule"),
      autocomplete: "off",
    });
    const go = (event) => {
      event.preventDefault();
      this.#deed(payload.value ? { do: "start", payload: payload.value } : { do: "start" });
    };
    return this.gate.replaceChildren(
      h(
        "form",
        { onsubmit: go },
        h("p", {}, t("startHint", { name })),
        payload,
        h("button", { type: "submit", class: "button is-main is-big" }, t("start")),
      ),
    );
  }

  async #deed(deed) {
    const ok = await this.phone.act(deed);
    if (ok) this.keys.used();
    return ok;
  }

  async submit() {
    const text = this.box.value.trim();
    if (this.files.length > 0) return this.#sendFiles(text);
    if (!text) return null;
    const deed = { do: "text", text };
    if (this.replyTo) deed.reply_to = this.replyTo.message_id;
    this.box.value = "";
    this.#typed();
    if (await this.#deed(deed)) this.#forget();
    else this.box.value ||= text;
    return this.#typed();
  }

  async #sendFiles(caption) {
    const files = this.files;
    const album = files.length > 1 ? { media_group_id: String(Math.floor(Math.random() * 1e15)) } : {};
    this.box.value = "";
    this.files = [];
    this.#forget();
    for (const [index, file] of files.entries()) {
      const words = index === 0 && caption ? { caption } : {};
      await this.#sendFile(file.type.startsWith("video/") ? "video" : "photo", file, { ...words, ...album });
    }
  }

  async #sendFile(kind, file, more = {}) {
    return this.#deed({ do: kind, file: await packed(file), ...more });
  }

  #forget() {
    this.replyTo = null;
    this.#drawTray();
  }

  #drawTray() {
    const drop = (file) => {
      this.files = this.files.filter((one) => one !== file);
      this.#drawTray();
    };
    const thumbs = this.files.map((file) => {
      const url = URL.createObjectURL(file);
      const face = file.type.startsWith("image/")
        ? h("img", { src: url, alt: file.name, onload: () => URL.revokeObjectURL(url) })
        : h("span", {}, file.name);
      return h(
        "div",
        { class: "thumb" },
        face,
        iconButton("close", t("remove"), () => drop(file)),
      );
    });
    const reply = this.replyTo
      ? h(
          "div",
          { class: "tray-reply" },
          icon("reply"),
          h(
            "span",
            {},
            h("b", {}, t("replyingTo", { name: fullName(this.replyTo.from) })),
            gist(this.replyTo),
          ),
          iconButton("close", t("cancel"), () => this.#forget()),
        )
      : null;
    this.tray.replaceChildren(...[reply, ...thumbs].filter(Boolean));
    this.tray.hidden = !reply && thumbs.length === 0;
    this.#typed();
  }

  #placeholder() {
    if (this.files.length > 0) return t("caption");
    return (
      this.phone.keyboard?.input_field_placeholder || t("messageAs", { name: fullName(this.phone.person) })
    );
  }

  #typed() {
    this.box.placeholder = this.#placeholder();
    this.box.style.height = "auto";
    if (this.box.scrollHeight) this.box.style.height = `${Math.min(this.box.scrollHeight, 132)}px`;
    this.sendButton.disabled = !this.box.value.trim() && this.files.length === 0;
    const found = /^\/\w*$/.test(this.box.value)
      ? this.phone.commands.filter(({ command }) => `/${command}`.startsWith(this.box.value))
      : [];
    this.hints.hidden = found.length === 0;
    // What is typed whole is meant, even where another command begins with it.
    const whole = found.findIndex(({ command }) => `/${command}` === this.box.value);
    this.hints.replaceChildren(...found.map((one, index) => this.#hint(one, index === Math.max(whole, 0))));
  }

  #hint({ command, description }, isFirst) {
    const pick = () => {
      this.box.value = `/${command}`;
      this.submit();
      this.box.focus();
    };
    return h(
      "button",
      {
        type: "button",
        class: "hint-item",
        role: "option",
        tabindex: "-1",
        "aria-selected": String(isFirst),
        onclick: pick,
      },
      h("b", {}, `/${command}`),
      h("span", {}, description),
    );
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const items = [...this.hints.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (step && items.length > 0) {
      event.preventDefault();
      const next = (at + step + items.length) % items.length;
      items.forEach((item, index) => item.setAttribute("aria-selected", String(index === next)));
      items[next].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Escape") {
      this.hints.hidden = true;
      this.#forget();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      // a half-typed command is completed by the marked line, a whole one is sent as it stands
      if (items.length > 0 && !this.hints.hidden) items[at].click();
      else this.submit();
    }
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.take(files);
  }

  #openCommands() {
    const items = this.phone.commands.map(({ command, description }) => ({
      label: `/${command}`,
      hint: description,
      onclick: () => this.#deed({ do: "text", text: `/${command}` }),
    }));
    const head = items.length === 0 ? h("p", { class: "menu-note" }, t("noCommands")) : null;
    openMenu(this.menuButton, items, { upwards: true, head, label: t("commands") });
  }

  #openAttachments() {
    openMenu(
      this.attachButton,
      [
        { icon: "photo", label: t("photos"), onclick: () => this.#pick("image/*,video/*") },
        { icon: "home", label: t("samplePhoto"), onclick: async () => this.take([await samplePhoto()]) },
        { icon: "file", label: t("file"), onclick: () => this.#pick("") },
        "-",
        { icon: "voice", label: t("voiceSample"), onclick: () => this.#sendFile("voice", sampleVoice()) },
        {
          icon: "smile",
          label: t("stickerSample"),
          onclick: async () => this.#sendFile("sticker", await sampleSticker()),
        },
        { icon: "place", label: t("location"), onclick: () => this.#sharePlace() },
        { icon: "contact", label: t("ownContact"), onclick: () => this.#deed({ do: "contact", own: true }) },
        {
          icon: "contact",
          label: t("otherContact"),
          onclick: () => askContact(this.phone.people, (card) => this.#mustDo({ do: "contact", ...card })),
        },
      ],
      { upwards: true, label: t("attach") },
    );
  }

  #pick(accept) {
    this.picker.accept = accept;
    this.picker.click();
  }

  #picked() {
    const files = [...this.picker.files];
    const asPapers = this.picker.accept === "";
    this.picker.value = "";
    if (asPapers) files.forEach((file) => this.#sendFile("document", file));
    else this.take(files);
  }

  #shareContact() {
    return this.#deed({ do: "contact", own: true });
  }

  #sharePlace() {
    askPlace((place) => this.#mustDo({ do: "location", ...place }));
  }

  /** For dialogs, which show the error themselves. */
  async #mustDo(deed) {
    await this.phone.mustAct(deed);
    this.keys.used();
  }
}
