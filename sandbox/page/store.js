/**
 * What the page knows of the world: people, groups, conversations, unread counts, presses that wait for an answer.
 *
 * Events change it, a resync replaces it; drawing is left to those who listen. Events dispatched:
 * "world", "chat" (detail: chat id), "answer" (detail: the server's event), "migrated" (detail: {from, to}), "unread",
 * "connection", and "record" whenever the bot may have made another call.
 */

import * as api from "./api.js";

const KEPT = 300; // messages kept per conversation
const PRESS_LIFE = 15_000; // ms after which a spinner gives up, as phones do
const ACTION_LIFE = 5_000; // ms that Telegram shows "typing"

const emptyChat = () => ({
  messages: new Map(),
  keyboard: null,
  wanted: false, // some phone has shown it, so it is kept up to date
  loaded: false,
  waiting: null, // events that came while it is being loaded
  newest: 0, // message id; only a higher one is a new message
  action: null,
});

export class Store extends EventTarget {
  world = {
    bot: { id: 0, first_name: "", username: "" },
    people: [],
    groups: [],
    commands_for: {},
    limits: false,
    faults: {},
  };
  connected = false;
  unread = new Map();
  presses = [];
  /** Fetches people, groups and settings anew; resolves to whether that worked. */
  refetchWorld = api.inTurn(() => this.#fetchWorld());
  #chats = new Map();
  #isOnScreen;

  /** `isOnScreen(chatId)` tells whether somebody is looking at that conversation now. */
  constructor({ isOnScreen }) {
    super();
    this.#isOnScreen = isOnScreen;
  }

  listen() {
    api.listen({
      onOpen: () => this.#resync(),
      onEvent: (event) => this.#take(event),
      onLost: () => this.#setConnected(false),
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #setConnected(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.#tell("connection");
  }

  async #resync() {
    if (!(await this.refetchWorld())) return;
    this.#setConnected(true);
    this.presses = [];
    for (const [chatId, chat] of this.#chats) {
      chat.newest = 0; // another server may count its messages from one again
      if (chat.wanted) this.#load(chatId);
    }
    this.#tell("record");
  }

  async #fetchWorld() {
    try {
      this.world = await api.fetchState();
    } catch {
      return false; // the event stream notices the same outage and asks again
    }
    this.#tell("world");
    return true;
  }

  chat(chatId) {
    if (!this.#chats.has(chatId)) {
      const refetchKeyboard = api.inTurn(() => this.#fetchKeyboard(chatId));
      this.#chats.set(chatId, { ...emptyChat(), refetchKeyboard });
    }
    return this.#chats.get(chatId);
  }

  person(userId) {
    return this.world.people.find((person) => person.user_id === userId);
  }

  group(chatId) {
    return this.world.groups.find((group) => group.chat_id === chatId);
  }

  /** Messages oldest first. */
  messages(chatId) {
    return [...this.chat(chatId).messages.values()].sort((a, b) => a.message_id - b.message_id);
  }

  open(chatId) {
    const chat = this.chat(chatId);
    chat.wanted = true;
    if (!chat.loaded && !chat.waiting) this.#load(chatId);
    this.markRead(chatId);
  }

  markRead(chatId) {
    if (this.unread.delete(chatId)) this.#tell("unread");
  }

  async #load(chatId) {
    const chat = this.chat(chatId);
    const missed = []; // they overtook the answer, so they are applied on top of it
    chat.waiting = missed;
    let answer;
    try {
      answer = await api.fetchMessages(chatId);
    } catch {
      if (chat.waiting === missed) chat.waiting = null;
      return;
    }
    if (chat.waiting !== missed) return; // a later load has taken over
    chat.waiting = null;
    chat.loaded = true;
    chat.messages = new Map(answer.messages.map((message) => [message.message_id, message]));
    chat.newest = Math.max(0, ...chat.messages.keys());
    chat.keyboard = answer.reply_keyboard ?? null;
    missed.forEach((event) => this.#take(event));
    this.#tell("chat", chatId);
  }

  async #fetchKeyboard(chatId) {
    const chat = this.chat(chatId);
    const answer = await api.fetchMessages(chatId, 1).catch(() => null);
    if (answer === null) return;
    chat.keyboard = answer.reply_keyboard ?? null;
    this.#tell("chat", chatId);
  }

  #take(event) {
    if (event.type === "message") this.#takeMessage(event);
    else if (event.type === "deleted") this.#takeDeletion(event);
    else if (event.type === "callback_answer") this.#takeAnswer(event);
    else if (event.type === "chat_action") this.#takeAction(event);
    else this.refetchWorld();
    this.#tell("record");
  }

  #takeMessage(event) {
    const { chat_id: chatId, message } = event;
    const chat = this.chat(chatId);
    const isNew = message.message_id > chat.newest;
    const fromBot = message.from?.id === this.world.bot.id;
    if (isNew) {
      chat.newest = message.message_id;
      chat.action = fromBot ? null : chat.action;
      if (fromBot && !this.#isOnScreen(chatId)) {
        this.unread.set(chatId, (this.unread.get(chatId) ?? 0) + 1);
        this.#tell("unread");
      }
    }
    chat.waiting?.push(event);
    if (!chat.loaded) return;
    chat.messages.set(message.message_id, message);
    if (chat.messages.size > KEPT) chat.messages.delete(Math.min(...chat.messages.keys()));
    if (isNew && fromBot) chat.refetchKeyboard(); // reply keyboards are the chat's, messages do not carry them
    if (message.migrate_to_chat_id) this.#tell("migrated", { from: chatId, to: message.migrate_to_chat_id });
    this.#tell("chat", chatId);
  }

  #takeDeletion(event) {
    const chat = this.chat(event.chat_id);
    chat.waiting?.push(event);
    if (chat.messages.delete(event.message_id)) this.#tell("chat", event.chat_id);
  }

  #takeAction({ chat_id: chatId, action }) {
    const chat = this.chat(chatId);
    const mark = { action };
    chat.action = mark;
    this.#tell("chat", chatId);
    setTimeout(() => {
      if (chat.action !== mark) return;
      chat.action = null;
      this.#tell("chat", chatId);
    }, ACTION_LIFE);
  }

  /** An answer names person and chat but no button: presses are answered in the order they were made. */
  #takeAnswer(event) {
    const index = this.presses.findIndex(
      (press) => press.chatId === event.chat_id && press.userId === event.user_id,
    );
    if (index >= 0) this.presses.splice(index, 1);
    this.#tell("answer", event);
    this.#tell("chat", event.chat_id);
  }

  isPressed(chatId, messageId, data) {
    return this.presses.some(
      (press) => press.chatId === chatId && press.messageId === messageId && press.data === data,
    );
  }

  async press({ chatId, userId, messageId, data }) {
    const press = { chatId, userId, messageId, data };
    const release = () => {
      const index = this.presses.indexOf(press);
      if (index < 0) return;
      this.presses.splice(index, 1);
      this.#tell("chat", chatId);
    };
    this.presses.push(press);
    this.#tell("chat", chatId);
    setTimeout(release, PRESS_LIFE);
    try {
      await api.act({ user_id: userId, chat_id: chatId, do: "press", message_id: messageId, data });
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Does a deed of a person and shows its message at once, without waiting for the event that says the same. */
  async act(deed) {
    const answer = await api.act(deed);
    if (answer.message?.message_id)
      this.#take({ type: "message", chat_id: deed.chat_id ?? deed.user_id, message: answer.message });
    return answer;
  }
}
