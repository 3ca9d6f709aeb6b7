/**
 * Puts the page together: the bar at the top, the phones, the developers' drawer.
 */

import { Board } from "./board.js";
import { avatar, framed, h, icon, iconButton } from "./dom.js";
import { Drawer } from "./drawer.js";
import { askGroup, askPerson } from "./forms.js";
import { Strip } from "./people.js";
import { Store } from "./store.js";
import { language, t, toggleLanguage } from "./words.js";

const board = new Board({ onChange: () => drawStrip() });
const store = new Store({ isOnScreen: (chatId) => board.isOnScreen(chatId) });
const strip = new Strip(store, { open: (chatId) => board.open(chatId), shown: () => board.shown() });
const drawer = new Drawer(store, { onToggle: () => drawBar() });
const bar = h("header", { class: "bar" });
const connection = h("div", { class: "connection", role: "status", "aria-live": "polite", hidden: true });
const drawStrip = framed(() => strip.update());

function switchLanguage() {
  toggleLanguage();
  drawBar();
  board.renew();
  strip.update();
  if (drawer.isOpen) drawer.draw();
  drawConnection();
}

function labelled(name, label, onclick, props = {}) {
  return h(
    "button",
    { type: "button", class: "bar-button", title: label, "aria-label": label, onclick, ...props },
    icon(name),
    h("span", { class: "bar-words" }, label),
  );
}

function drawBar() {
  const { bot } = store.world;
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = bot.first_name ? `${bot.first_name} · ${t("sandbox")}` : t("sandbox");
  const brand = h(
    "div",
    { class: "brand" },
    avatar(bot.id, bot.first_name || "·", "bot"),
    h(
      "div",
      { class: "who-words" },
      h("h1", {}, bot.first_name || t("sandbox"), h("span", { class: "tag" }, t("sandbox"))),
      h("small", {}, bot.username ? `@${bot.username}` : t("tagline")),
    ),
  );
  const tools = h(
    "div",
    { class: "bar-tools" },
    iconButton("person", t("addPerson"), () => askPerson((person) => board.openWhenKnown(person.user_id))),
    iconButton(
      "group",
      t("addGroup"),
      () => askGroup(store.world.people, (group) => board.openWhenKnown(group.chat_id)),
      { disabled: store.world.people.length === 0 },
    ),
    iconButton("tools", t("tools"), () => drawer.toggle(), { "aria-expanded": String(drawer.isOpen) }),
    labelled("language", t("language"), switchLanguage),
  );
  bar.replaceChildren(brand, strip.element, tools);
}

function drawConnection() {
  connection.hidden = store.connected;
  connection.textContent = store.connected ? "" : t("lost");
  document.body.classList.toggle("is-lost", !store.connected);
}

let botDrawn = "";
store.addEventListener("world", () => {
  const bot = JSON.stringify([store.world.bot, store.world.people.length === 0]);
  if (bot !== botDrawn) drawBar();
  botDrawn = bot;
  drawStrip();
});
store.addEventListener("unread", drawStrip);
store.addEventListener("connection", drawConnection);

board.attach(store);
drawBar();
document.body.append(bar, connection, h("div", { class: "table" }, board.element, drawer.element));
store.listen();
