/**
 * The page's own words in Chinese and English, and dates and sizes as people write them.
 * What the bot says is never touched.
 */

const WORDS = {
  sandbox: ["沙盒", "Sandbox"],
  tagline: ["一台只在这台电脑上的 Telegram", "A Telegram that lives on this machine only"],
  lost: ["连接中断，正在重连…", "Connection lost, trying again…"],
  language: ["English", "中文"],
  addPerson: ["添加一个人", "Add a person"],
  addGroup: ["新建群", "New group"],
  tools: ["开发者工具", "Developer tools"],
  phones: ["手机", "Phones"],
  people: ["大家", "People"],
  choose: ["换一个人", "Hand the phone to someone else"],
  search: ["按姓名、备注查找", "Search names and notes"],
  nobody: ["没有找到", "Nobody found"],
  noPeople: ["这里还没有人", "Nobody lives here yet"],
  noPeopleHint: [
    "添加第一个人，拿起他的手机，跟机器人打声招呼。",
    "Add the first person, pick up their phone and say hello to the bot.",
  ],
  persons: ["人", "People"],
  groups: ["群", "Groups"],
  openPhone: ["再放一部手机", "Another phone"],
  closePhone: ["收起这部手机", "Put this phone away"],
  onPhone: ["在屏幕上", "on screen"],
  unreadN: ["{n} 条未读", "{n} unread"],
  more: ["更多", "More"],
  bot: ["机器人", "Bot"],
  start: ["开始", "Start"],
  startHint: ["{name}第一次打开这个机器人", "{name} opens this bot for the first time"],
  startCode: ["扫码附带的参数", "Parameter of a link or QR code"],
  startCodeHint: ["例如海报二维码里的 ?start=…（可不填）", "?start=… of a poster (optional)"],
  openLink: ["用带参数的链接打开…", "Open by a link with a parameter…"],
  open: ["打开", "Open"],
  payloadRule: ["最多 64 个字符，只能是 A-Z a-z 0-9 _ -", "At most 64 of A-Z a-z 0-9 _ -"],
  block: ["屏蔽机器人", "Block the bot"],
  unblock: ["解除屏蔽", "Unblock"],
  blockedHint: ["{name}已屏蔽这个机器人。", "{name} has blocked this bot."],
  messageAs: ["{name}想说…", "Write as {name}…"],
  write: ["写点什么…", "Write something…"],
  sendIt: ["发送", "Send"],
  attach: ["附件", "Attach"],
  commands: ["命令菜单", "Commands"],
  noCommands: ["机器人没有给这个人设置命令", "The bot has set no commands for this person"],
  showKeyboard: ["显示键盘", "Show the keyboard"],
  hideKeyboard: ["收起键盘", "Hide the keyboard"],
  photos: ["照片或视频…", "Photos or video…"],
  samplePhoto: ["样张照片", "A sample photo"],
  file: ["文件…", "File…"],
  voiceSample: ["语音（3 秒样本）", "Voice (3 s sample)"],
  stickerSample: ["贴纸", "Sticker"],
  location: ["位置…", "Location…"],
  ownContact: ["我的名片", "My contact"],
  otherContact: ["别人的名片…", "Someone else's contact…"],
  place: ["地点", "Place"],
  latitude: ["纬度", "Latitude"],
  longitude: ["经度", "Longitude"],
  typed: ["自己填写", "Typed by hand"],
  send: ["发送", "Send"],
  cancel: ["取消", "Cancel"],
  ok: ["好", "OK"],
  remove: ["移除", "Remove"],
  caption: ["配一句话（可不填）", "Add a caption (may stay empty)"],
  edited: ["已编辑", "edited"],
  reply: ["回复", "Reply"],
  edit: ["修改", "Edit"],
  copy: ["复制文字", "Copy text"],
  copied: ["已复制", "Copied"],
  source: ["查看 JSON", "Show JSON"],
  replyingTo: ["回复 {name}", "Reply to {name}"],
  editing: ["修改消息", "Edit message"],
  newBelow: ["新消息", "New messages"],
  photo: ["照片", "Photo"],
  video: ["视频", "Video"],
  voice: ["语音", "Voice"],
  document: ["文件", "File"],
  sticker: ["贴纸", "Sticker"],
  contact: ["名片", "Contact"],
  locationWord: ["位置", "Location"],
  audio: ["音频", "Audio"],
  play: ["播放", "Play"],
  pause: ["暂停", "Pause"],
  download: ["下载", "Download"],
  enlarge: ["放大照片", "Enlarge photo"],
  cannotDraw: ["这里画不出这种消息（{kind}）", "This kind of message is not drawn here ({kind})"],
  today: ["今天", "Today"],
  yesterday: ["昨天", "Yesterday"],
  empty: ["还没有消息，先打个招呼吧。", "No messages yet: say hello."],
  conversation: ["与 {name} 的对话", "Conversation with {name}"],
  typing: ["正在输入…", "typing…"],
  upload_photo: ["正在发送照片…", "sending a photo…"],
  upload_document: ["正在发送文件…", "sending a file…"],
  upload_voice: ["正在发送语音…", "sending a voice message…"],
  upload_video: ["正在发送视频…", "sending a video…"],
  find_location: ["正在查找位置…", "looking for a place…"],
  pressing: ["等待机器人回应", "waiting for the bot"],
  linkOpens: ["在新标签页打开", "opens in a new tab"],
  notHere: ["这个按钮只在真正的 Telegram 里有用", "This button works only in Telegram itself"],
  sharePlace: ["把位置发给机器人", "Share a location with the bot"],
  speaksAs: ["发言人", "Speaking"],
  joins: ["入群", "Joins"],
  leaves: ["退群", "Leaves"],
  migrates: ["升级为超级群", "Becomes a supergroup"],
  removesBot: ["把机器人移出群", "Removes the bot"],
  members: ["{n} 人", "{n} members"],
  sJoined: ["{who} 加入了群", "{who} joined"],
  sLeft: ["{who} 离开了群", "{who} left"],
  sCreated: ["群“{title}”已建立", "Group “{title}” was created"],
  sMigrated: ["群已升级为超级群", "The group became a supergroup"],
  sTitle: ["群名改为“{title}”", "The group is now called “{title}”"],
  sPinned: ["置顶了一条消息", "A message was pinned"],
  firstName: ["名字", "First name"],
  lastName: ["姓（可不填）", "Last name (optional)"],
  username: ["用户名（可不填）", "Username (optional)"],
  languageCode: ["语言", "Language"],
  phone: ["手机号（可不填）", "Phone (optional)"],
  title: ["群名", "Title"],
  creator: ["群主", "Creator"],
  who: ["成员", "Members"],
  supergroup: ["超级群", "Supergroup"],
  add: ["添加", "Add"],
  needTwo: ["请至少选一个人", "Please choose at least one person"],
  record: ["记录", "Record"],
  limits: ["限速", "Limits"],
  faults: ["故障", "Faults"],
  recordHint: [
    "机器人通过 Bot API 做了什么，沙盒接受还是拒绝。",
    "What the bot did through the Bot API, and whether the sandbox accepted it.",
  ],
  onlyErrors: ["只看被拒的", "Refused only"],
  filter: ["按方法筛选", "Filter by method"],
  nothingYet: ["还没有调用", "No calls yet"],
  accepted: ["接受", "accepted"],
  refused: ["拒绝", "refused"],
  limitsOn: ["像 Telegram 那样限速", "Limit the rate as Telegram does"],
  limitsHint: [
    "每秒 30 条、每个对话每秒 1 条、每个群每分钟 20 条；超出时回答 429。",
    "30 a second overall, 1 a second per chat, 20 a minute per group; beyond that the answer is 429.",
  ],
  bucket: ["令牌桶（宽松）", "Token bucket (lenient)"],
  windowMode: ["滑动窗口（严格）", "Sliding window (strict)"],
  faultsHint: [
    "让沙盒按计划出错，看看机器人是否挺得住。",
    "Let the sandbox fail by plan and see whether the bot stands it.",
  ],
  apply: ["应用", "Apply"],
  applied: ["已生效", "Applied"],
  badJson: ["这不是有效的 JSON：{error}", "This is not valid JSON: {error}"],
  presets: ["常用", "Ready-made"],
  byFault: ["人为故障", "by fault"],
  close: ["关闭", "Close"],
  script: ["逐次指定（JSON）", "Call by call (JSON)"],
  isDead: ["服务器此刻装死中", "The server plays dead right now"],
  presetClear: ["一切正常", "All well"],
  presetWeak: ["信号不好", "Weak signal"],
  presetBusy: ["常被限速", "Often limited"],
  presetStorm: ["风雨交加", "Storm"],
  presetDead: ["断线 15 秒", "Dead for 15 s"],
  delay_seconds: ["延迟（秒）", "Delay (s)"],
  retry_after: ["重试（秒）", "Retry (s)"],
  seed: ["种子", "Seed"],
  fault_delay: ["回答迟到", "Late answer"],
  fault_drop: ["收下后断线", "Cut after accepting"],
  fault_malformed: ["回答残缺", "Broken answer"],
  fault_cut: ["收下前断线", "Cut before accepting"],
  fault_too_many: ["429 太频繁", "429 too many"],
  fault_server_error: ["502 服务器错误", "502 server error"],
  fault_duplicate: ["更新重复", "Updates repeated"],
  fault_reorder: ["更新乱序", "Updates reordered"],
  deactivate: ["注销账号", "Delete the account"],
  goneHint: ["{name}的账号已注销。", "{name}'s account is deleted."],
  botLeft: ["机器人不在群里", "the bot is not in this group"],
  failed: ["没有成功：{error}", "That did not work: {error}"],
  dropHere: ["松手即可发送", "Drop to send"],
  langOf: ["界面语言 {code}", "Interface in {code}"],
  notStarted: ["还没点开始", "not started"],
  isBlocked: ["已屏蔽", "has blocked the bot"],
};

const COLUMN = { zh: 0, en: 1 };
const KEY = "sandbox.language";

let current = localStorage.getItem(KEY) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

export const language = () => current;

export function toggleLanguage() {
  current = current === "zh" ? "en" : "zh";
  localStorage.setItem(KEY, current);
}

/** The words under `key` with {placeholders} filled in. */
export function t(key, params = {}) {
  const words = WORDS[key]?.[COLUMN[current]] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole));
}

const locale = () => (current === "zh" ? "zh-CN" : "en-GB");

/** "14:05" of a Unix time in seconds. */
export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });

/** "Today", "Yesterday" or a date. */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  const ago = Math.round(
    (new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  return date.toLocaleDateString(locale(), { month: "long", day: "numeric", weekday: "long" });
}

export function size(bytes) {
  if (!bytes) return "";
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export const seconds = (n) => `${Math.floor(n / 60)}:${String(Math.round(n % 60)).padStart(2, "0")}`;

/** First and last name as one. Names of Han characters are written without a space, the family name first. */
export function fullName(person) {
  const { first_name: first = "", last_name: last = "" } = person ?? {};
  if (!last) return first || "?";
  return /\p{Script=Han}/u.test(first + last) ? `${last}${first}` : `${first} ${last}`;
}
