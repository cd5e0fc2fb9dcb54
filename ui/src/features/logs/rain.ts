/**
 * Signs that fall over the end of a log as lines arrive. Decoration: it is drawn on a canvas above lines that are there
 * already, takes no clicks, and stops when it is not wanted or would cost anything.
 */
const SIGNS = "◇◆01<>/*+=xz#";
const FALL_MS = 420;
const LINE_PX = 20;
const SLOW_FRAME_MS = 45;
const SLOW_FRAMES = 6;
const MOST_DROPS = 90;

interface Drop {
  x: number;
  y: number;
  at: number;
}

export interface Drizzle {
  /** So many lines have come. */
  fall: (lines: number) => void;
  stop: () => void;
}

export function drizzle(canvas: HTMLCanvasElement, colour: string): Drizzle | null {
  const ink = canvas.getContext("2d");
  if (!ink) return null;
  let drops: Drop[] = [];
  let frame = 0;
  let before = 0;
  let slow = 0;
  let isOver = false;
  const draw = (now: number) => {
    slow = before && now - before > SLOW_FRAME_MS ? slow + 1 : 0;
    before = now;
    ink.clearRect(0, 0, canvas.width, canvas.height);
    drops = drops.filter(({ at }) => now - at < FALL_MS);
    ink.fillStyle = colour;
    for (const { x, y, at } of drops) {
      const age = (now - at) / FALL_MS;
      ink.globalAlpha = 0.4 * (1 - age);
      ink.fillText(SIGNS[Math.floor(x + age * 7) % SIGNS.length] ?? "0", x, y - (1 - age) * 2.5 * LINE_PX);
    }
    isOver = isOver || slow > SLOW_FRAMES;
    frame = drops.length > 0 && !isOver ? requestAnimationFrame(draw) : 0;
    if (!frame) {
      ink.clearRect(0, 0, canvas.width, canvas.height);
      before = 0;
    }
  };
  return {
    fall: (lines) => {
      if (isOver || document.hidden) return;
      canvas.width = canvas.clientWidth;
      canvas.height = canvas.clientHeight;
      ink.font = `13px ${getComputedStyle(canvas).fontFamily}`;
      const now = performance.now();
      for (let line = 0; line < Math.min(lines, 8); line++) {
        for (let x = canvas.width * 0.3; x < canvas.width && drops.length < MOST_DROPS; x += 26 + Math.random() * 60) {
          drops.push({ x, y: canvas.height - line * LINE_PX - 8, at: now + Math.random() * 120 });
        }
      }
      frame ||= requestAnimationFrame(draw);
    },
    stop: () => {
      isOver = true;
      cancelAnimationFrame(frame);
    },
  };
}
