// How numbers are shown and read: nine significant digits, as in every other output of the program.

export const SHOWN_DIGITS = 9;

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// A number rounded to so many significant digits: sign, digits, power of ten (null for none), and whether nothing was
// rounded away but the last bits of a double.
export function shown(value, significant = SHOWN_DIGITS) {
  if (!Number.isFinite(value)) {
    const digits = Number.isNaN(value) ? "undefined" : "∞";
    return { negative: value < 0, digits, exponent: null, exact: true };
  }
  const size = Math.abs(value);
  const scientific = size.toExponential(significant - 1);
  const [mantissa, exponentText] = scientific.split("e");
  const exponent = Number(exponentText);
  const exact = Math.abs(Number(scientific) - size) <= 1e-15 * size;
  const negative = value < 0;
  if (value !== 0 && (exponent < -6 || exponent >= SHOWN_DIGITS)) {
    return { negative, digits: withoutTrailingZeros(mantissa), exponent, exact };
  }
  const decimals = Math.min(100, Math.max(0, significant - 1 - exponent));
  return { negative, digits: withoutTrailingZeros(size.toFixed(decimals)), exponent: null, exact };
}

// −0.0424552501, 1.5·10⁻⁸
export function numberText(value, significant) {
  const { negative, digits, exponent } = shown(value, significant);
  const power = exponent === null ? "" : `·10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
  return `${negative ? "−" : ""}${digits}${power}`;
}

// MathML elements; in parentheses, where asked for, if they would not hold together otherwise.
export function numberMathMl(value, wrapped = false) {
  const { negative, digits, exponent } = shown(value);
  let text = `<mn>${negative ? "−" : ""}${digits}</mn>`;
  if (exponent !== null) {
    text += `<mo>·</mo><msup><mn>10</mn><mn>${String(exponent).replace("-", "−")}</mn></msup>`;
  }
  return wrapped && (negative || exponent !== null) ? `<mo>(</mo>${text}<mo>)</mo>` : text;
}

// HTML, with a raised exponent.
export function numberHtml(value, significant) {
  const { negative, digits, exponent } = shown(value, significant);
  const power = exponent === null ? "" : `·10<sup>${String(exponent).replace("-", "−")}</sup>`;
  return `${negative ? "−" : ""}${digits}${power}`;
}

// The number that a person typed, or null. A decimal comma and a typographic minus sign are understood.
export function readNumber(text) {
  const plain = text.trim().replace("−", "-").replace(/^(-?\d*),(\d+)$/, "$1.$2");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

function withoutTrailingZeros(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
