// The canvas: black ink on white, with mouse, pen or finger.

import { bytesOf } from "./colours.js";
import { greyPng } from "./png.js";

// Of the paper's side. MNIST's strokes are about a tenth of the digit's height.
const PEN = 0.085;
const SMALLEST_STEP = 0.002;
// The picture that is sent: its side in pixels, and a white edge, since ink at the very edge counts as coming from
// outside the picture.
const SENT_SIDE = 224;
const SENT_EDGE = 11;

export class Paper {
  constructor(place, sheet) {
    this.place = place;
    this.sheet = sheet;
    this.canvas = place.querySelector("canvas");
    this.side = this.canvas.width;
    // Read after every step of the pen, so it had better not live on the graphics card.
    this.context = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.sent = document.createElement("canvas");
    this.sent.width = SENT_SIDE;
    this.sent.height = SENT_SIDE;
    this.sentContext = this.sent.getContext("2d", { alpha: false, willReadFrequently: true });
    this.pointer = null;
    // Of the stroke under way: its last point, and where its curve has come to.
    this.pen = null;
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, (event) => this.up(event));
    sheet.listen((change) => {
      if (change === "sheet") {
        this.drop();
        this.draw();
      }
      this.place.classList.toggle("empty", sheet.isEmpty);
      this.place.classList.toggle("picture", sheet.ground.kind === "picture");
    });
    this.place.classList.add("empty");
    this.draw();
  }

  get isDrawing() {
    return this.pointer !== null;
  }

  // One pointer at a time: a hand resting on the screen draws nothing.
  down(event) {
    if (this.isDrawing || event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true, focusVisible: false });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.frame = this.canvas.getBoundingClientRect();
    this.begin(this.pointOf(event));
  }

  moved(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length > 0 ? events : [event]).map((each) => this.pointOf(each)));
  }

  up(event) {
    if (event.pointerId !== this.pointer) return;
    // Where the browser took the pointer away, it says nothing of where.
    if (event.type !== "pointercancel") this.extend([this.pointOf(event)]);
    this.finish();
    this.pointer = null;
  }

  // Something else lies on the paper: a stroke that was under way is over.
  drop() {
    if (this.pointer !== null && this.canvas.hasPointerCapture(this.pointer)) this.canvas.releasePointerCapture(this.pointer);
    this.pointer = null;
    this.pen = null;
  }

  pointOf(event) {
    const { left, top, width, height } = this.frame;
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  begin(point) {
    this.pen = { last: point, joint: point };
    dot(this.context, this.side, point);
    this.sheet.begin(point);
  }

  extend(points) {
    if (this.pen === null) return;
    const fresh = [];
    for (const point of points) {
      if (Math.hypot(point[0] - this.pen.last[0], point[1] - this.pen.last[1]) < SMALLEST_STEP) continue;
      this.pen = carriedOn(this.context, this.side, this.pen, point);
      fresh.push(point);
    }
    if (fresh.length > 0) this.sheet.extend(fresh);
  }

  finish() {
    if (this.pen !== null) line(this.context, this.side, this.pen.joint, this.pen.last);
  }

  // Everything anew.
  draw() {
    const { context, side, sheet } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    this.drawGround(sheet.ground);
    for (const { points } of sheet.strokes) {
      dot(context, side, points[0]);
      let pen = { last: points[0], joint: points[0] };
      for (const point of points.slice(1)) pen = carriedOn(context, side, pen, point);
      line(context, side, pen.joint, pen.last);
    }
  }

  drawGround(ground) {
    const { context, side } = this;
    if (ground.kind === "picture") {
      const { width, height } = ground.bitmap;
      const scale = side / Math.max(width, height);
      const [across, down] = [width * scale, height * scale];
      context.drawImage(ground.bitmap, (side - across) / 2, (side - down) / 2, across, down);
    } else if (ground.kind === "image" && ground.pixels) {
      context.imageSmoothingEnabled = false;
      context.drawImage(digitOf(ground.pixels), 0, 0, side, side);
      context.imageSmoothingEnabled = true;
    }
  }

  // The pixels of a test image that was only known by its number.
  setPixels(ground, pixels) {
    ground.pixels = pixels;
    if (this.sheet.ground === ground) this.draw();
  }

  // What there is to look at, or null: {kind: "drawing" | "picture" | "image", …}.
  subject() {
    const { ground, strokes, isEmpty } = this.sheet;
    if (isEmpty) return null;
    if (strokes.length > 0) return { kind: "drawing", over: ground, bytes: () => this.png() };
    if (ground.kind === "picture") return { kind: "picture", bytes: async () => ground.blob };
    return { kind: "image", index: ground.index, ground, setPixels: (pixels) => this.setPixels(ground, pixels) };
  }

  png() {
    const { sentContext: context, sent } = this;
    const { kind } = this.sheet.ground;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SENT_SIDE, SENT_SIDE);
    // A test image is centred already and has an edge of its own.
    const edge = kind === "bare" ? SENT_EDGE : 0;
    context.drawImage(this.canvas, edge, edge, SENT_SIDE - 2 * edge, SENT_SIDE - 2 * edge);
    if (kind !== "picture") return greyPng(context.getImageData(0, 0, SENT_SIDE, SENT_SIDE));
    return new Promise((made) => sent.toBlob(made, "image/png"));
  }
}

function prepared(context, side) {
  context.strokeStyle = "#000";
  context.fillStyle = "#000";
  context.lineWidth = PEN * side;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
}

function dot(context, side, [x, y]) {
  prepared(context, side);
  context.arc(x * side, y * side, (PEN * side) / 2, 0, 2 * Math.PI);
  context.fill();
}

function line(context, side, from, to) {
  prepared(context, side);
  context.moveTo(from[0] * side, from[1] * side);
  context.lineTo(to[0] * side, to[1] * side);
  context.stroke();
}

// A curve from the middle of the last step to the middle of this one, bent towards the point between: no corners.
function carriedOn(context, side, { last, joint }, point) {
  const middle = [(last[0] + point[0]) / 2, (last[1] + point[1]) / 2];
  prepared(context, side);
  context.moveTo(joint[0] * side, joint[1] * side);
  context.quadraticCurveTo(last[0] * side, last[1] * side, middle[0] * side, middle[1] * side);
  context.stroke();
  return { last: point, joint: middle };
}

// Black on white, whatever the page's colours are: the paper is what the network is sent.
function digitOf(base64) {
  const canvas = document.createElement("canvas");
  canvas.width = 28;
  canvas.height = 28;
  const image = new ImageData(28, 28);
  bytesOf(base64).forEach((ink, place) => image.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * place));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
