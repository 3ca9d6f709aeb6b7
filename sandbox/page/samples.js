/**
 * Made-up things to send, so that a newcomer needs no photo or microphone at hand: a picture, a voice, a sticker.
 */

const asBlob = (canvas, type) => new Promise((resolve) => canvas.toBlob(resolve, type, 0.86));

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return [canvas, canvas.getContext("2d")];
}

/** A JPEG of a little street of houses; no two are alike. */
export async function samplePhoto() {
  const [canvas, pen] = canvasOf(960, 640);
  const sky = pen.createLinearGradient(0, 0, 0, 640);
  const hue = Math.floor(Math.random() * 360);
  sky.addColorStop(0, `hsl(${hue} 45% 72%)`);
  sky.addColorStop(1, "hsl(35 70% 90%)");
  pen.fillStyle = sky;
  pen.fillRect(0, 0, 960, 640);
  pen.fillStyle = "hsl(45 90% 78%)";
  pen.beginPath();
  pen.arc(120 + Math.random() * 700, 130, 56, 0, Math.PI * 2);
  pen.fill();
  for (let x = -20; x < 960;) {
    const width = 120 + Math.random() * 90;
    const height = 210 + Math.random() * 240;
    const shade = 34 + Math.random() * 26;
    pen.fillStyle = `hsl(${(hue + 180) % 360} 16% ${shade}%)`;
    pen.fillRect(x, 600 - height, width, height);
    pen.fillStyle = `hsl(${12 + Math.random() * 14} 48% ${shade - 8}%)`;
    pen.beginPath();
    pen.moveTo(x - 10, 600 - height);
    pen.lineTo(x + width / 2, 550 - height);
    pen.lineTo(x + width + 10, 600 - height);
    pen.fill();
    for (let row = 620 - height; row < 545; row += 52) {
      for (let column = x + 18; column < x + width - 26; column += 40) {
        pen.fillStyle = Math.random() < 0.55 ? "hsl(44 88% 74%)" : `hsl(210 20% ${shade + 12}%)`;
        pen.fillRect(column, row, 20, 28);
      }
    }
    x += width + 12;
  }
  pen.fillStyle = "hsl(30 18% 46%)";
  pen.fillRect(0, 600, 960, 40);
  return new File([await asBlob(canvas, "image/jpeg")], "street.jpg", { type: "image/jpeg" });
}

/** A WebP sticker. */
export async function sampleSticker() {
  const [canvas, pen] = canvasOf(512, 512);
  pen.fillStyle = "hsl(44 92% 64%)";
  pen.beginPath();
  pen.arc(256, 256, 230, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "hsl(24 50% 24%)";
  for (const x of [176, 336]) {
    pen.beginPath();
    pen.ellipse(x, 208, 24, 36, 0, 0, Math.PI * 2);
    pen.fill();
  }
  pen.lineWidth = 24;
  pen.lineCap = "round";
  pen.strokeStyle = pen.fillStyle;
  pen.beginPath();
  pen.arc(256, 270, 118, 0.15 * Math.PI, 0.85 * Math.PI);
  pen.stroke();
  return new File([await asBlob(canvas, "image/webp")], "smile.webp", { type: "image/webp" });
}

/** Three seconds of a murmuring melody as 16-bit mono WAV. */
export function sampleVoice() {
  const rate = 16_000;
  const count = rate * 3;
  const data = new DataView(new ArrayBuffer(44 + count * 2));
  const ascii = (at, text) =>
    Array.from(text).forEach((letter, i) => data.setUint8(at + i, letter.charCodeAt(0)));
  ascii(0, "RIFF");
  data.setUint32(4, 36 + count * 2, true);
  ascii(8, "WAVEfmt ");
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, 1, true);
  data.setUint32(24, rate, true);
  data.setUint32(28, rate * 2, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  ascii(36, "data");
  data.setUint32(40, count * 2, true);
  const tune = [262, 294, 330, 392, 330, 294];
  for (let i = 0; i < count; i += 1) {
    const beat = (i / rate) * 2;
    const swell = Math.sin(Math.PI * (beat % 1)) ** 0.6;
    const tone = Math.sin((2 * Math.PI * tune[Math.floor(beat) % tune.length] * i) / rate);
    data.setInt16(44 + i * 2, tone * swell * 7000, true);
  }
  return new File([data.buffer], "voice.wav", { type: "audio/wav" });
}
