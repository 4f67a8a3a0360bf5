// The words of what is announced in the hall, in Chinese; part of zh.ts.
export const wall = {
  region: "现场播报",
  sound: "声音",
  turnOn: "声音：已关闭，点击打开",
  turnOff: "声音：已打开，点击关闭",
  silent: "声音：已打开，浏览器暂不允许播放",
  blocked: "声音已打开，但浏览器要先点一下页面才允许播放。",
  allow: "允许播放",
  missing: "声音已打开，但这个浏览器不能播放声音。",
  gotIt: "知道了",
};
