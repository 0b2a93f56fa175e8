//! One writer's one digit: a skeleton, shaken, bent and slanted, as tracks of a pen.

use super::hands::{HANDS, Hand};
use super::pen::PenPoint;
use crate::random::Stream;

/// The radius of a middling pen, in heights of a digit.
const RADIUS: f32 = 0.079;
/// Straight pieces for each span between two points of a skeleton.
const PIECES: usize = 7;

/// Writes `digit` once more in one of its hands.
pub(super) fn write(digit: usize, random: &mut Stream) -> Vec<Vec<PenPoint>> {
    let hand = choose(HANDS[digit], random);
    let shaken = shake(hand, random);
    let bend = Bend::draw(random);
    let pressure = Pressure::draw(random);
    let mut written = 0.0;
    shaken
        .iter()
        .map(|stroke| {
            let mut track: Vec<PenPoint> = smooth(stroke)
                .into_iter()
                .map(|point| {
                    let [x, y] = bend.apply(point);
                    PenPoint { x, y, radius: 0.0 }
                })
                .collect();
            for index in 0..track.len() {
                if index > 0 {
                    let (a, b) = (track[index - 1], track[index]);
                    written += ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).sqrt();
                }
                track[index].radius = pressure.radius(written);
            }
            track
        })
        .collect()
}

fn choose<'a>(hands: &'a [Hand], random: &mut Stream) -> &'a Hand {
    let total: u32 = hands.iter().map(|hand| u32::from(hand.weight)).sum();
    let mut left = random.below(total);
    for hand in hands {
        if left < u32::from(hand.weight) {
            return hand;
        }
        left -= u32::from(hand.weight);
    }
    unreachable!("the weights add up to {total}")
}

/// Moves every point of the skeleton a little, in fractions of the height; equal points move alike.
fn shake(hand: &Hand, random: &mut Stream) -> Vec<Vec<[f32; 2]>> {
    // Some write carefully, some do not.
    let amount = random.uniform(0.01, 0.055);
    let mut moved: Vec<((i8, i8), [f32; 2])> = Vec::with_capacity(24);
    let mut place = |point: (i8, i8), amount: f32| match moved.iter().find(|(known, _)| *known == point) {
        Some(&(_, place)) => place,
        None => {
            let place = [point.0, point.1].map(|unit| f32::from(unit) * 0.01 + amount * random.normal());
            moved.push((point, place));
            place
        }
    };
    hand.strokes
        .iter()
        .map(|stroke| {
            let last = stroke.len() - 1;
            // Where a stroke begins and ends is less certain than what lies between.
            let amount_at = |index: usize| if index == 0 || index == last { 1.5 * amount } else { amount };
            stroke.iter().enumerate().map(|(index, &point)| place(point, amount_at(index))).collect()
        })
        .collect()
}

/// The pen's way through `points`: a Catmull-Rom spline with centripetal knots, which makes no loops or overshoots
/// of its own; it breaks where a point comes twice running.
fn smooth(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut way = vec![points[0]];
    for part in points.chunk_by(|a, b| a != b) {
        // A corner ends one part and begins the next, so a part of one point adds nothing.
        for index in 1..part.len() {
            let (a, b) = (part[index - 1], part[index]);
            let knot = |p: [f32; 2], q: [f32; 2]| distance(p, q).sqrt().max(1e-3);
            let step = knot(a, b);
            // The slope at a point weighs the chords on both sides by the other's knot; an end has one chord.
            let slope = |before: Option<[f32; 2]>, at: [f32; 2], after: Option<[f32; 2]>| -> [f32; 2] {
                let chord = |p: [f32; 2], q: [f32; 2], t: f32| [(q[0] - p[0]) / t, (q[1] - p[1]) / t];
                match (before, after) {
                    (Some(before), Some(after)) => {
                        let (t0, t1) = (knot(before, at), knot(at, after));
                        let (c0, c1) = (chord(before, at, t0), chord(at, after, t1));
                        [0, 1].map(|axis| (c0[axis] * t1 + c1[axis] * t0) / (t0 + t1))
                    }
                    (Some(before), None) => chord(before, at, knot(before, at)),
                    (None, Some(after)) => chord(at, after, knot(at, after)),
                    (None, None) => [0.0; 2],
                }
            };
            let before = index.checked_sub(2).map(|i| part[i]);
            let from = slope(before, a, Some(b));
            let to = slope(Some(a), b, part.get(index + 1).copied());
            for piece in 1..=PIECES {
                let t = piece as f32 / PIECES as f32;
                let (t2, t3) = (t * t, t * t * t);
                way.push([0, 1].map(|axis| {
                    (2.0 * t3 - 3.0 * t2 + 1.0) * a[axis]
                        + (t3 - 2.0 * t2 + t) * step * from[axis]
                        + (3.0 * t2 - 2.0 * t3) * b[axis]
                        + (t3 - t2) * step * to[axis]
                }));
            }
        }
    }
    way
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])).sqrt()
}

/// What a writer does to the whole digit: width, slant, rotation, and a slow wave across it (the elastic change).
struct Bend {
    width: f32,
    slant: f32,
    sine: f32,
    cosine: f32,
    waves: [Wave; 2],
    /// How much larger the upper part is than the lower.
    top_heavy: f32,
}

struct Wave {
    frequency: [f32; 2],
    phase: f32,
    height: [f32; 2],
}

impl Bend {
    fn draw(random: &mut Stream) -> Self {
        let width = libm::expf(0.2 * random.normal());
        let slant = 0.1 + 0.24 * random.normal();
        let angle = (6.0 * random.normal()).to_radians();
        let top_heavy = 0.12 * random.normal();
        let waves = [(); 2].map(|()| Wave {
            frequency: [random.symmetric(5.0), random.symmetric(5.0)],
            phase: random.symmetric(std::f32::consts::PI),
            height: [0.035 * random.normal(), 0.035 * random.normal()],
        });
        Self { width, slant, sine: libm::sinf(angle), cosine: libm::cosf(angle), waves, top_heavy }
    }

    fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        // About the middle of the usual digit.
        let (x, y) = (x - 0.3, y - 0.5);
        let x = x * self.width * (1.0 - self.top_heavy * 2.0 * y);
        let y = y * (1.0 - self.top_heavy * y);
        let (mut bent_x, mut bent_y) = (x, y);
        for wave in &self.waves {
            let s = libm::sinf(wave.frequency[0] * x + wave.frequency[1] * y + wave.phase);
            bent_x += wave.height[0] * s;
            bent_y += wave.height[1] * s;
        }
        let x = bent_x - self.slant * bent_y;
        [self.cosine * x - self.sine * bent_y, self.sine * x + self.cosine * bent_y]
    }
}

/// How thick the ink is along the way.
struct Pressure {
    radius: f32,
    change: f32,
    frequency: f32,
    phase: f32,
}

impl Pressure {
    fn draw(random: &mut Stream) -> Self {
        Self {
            radius: RADIUS * libm::expf(0.31 * random.normal()),
            change: random.uniform(0.0, 0.25),
            frequency: random.uniform(2.0, 8.0),
            phase: random.symmetric(std::f32::consts::PI),
        }
    }

    fn radius(&self, written: f32) -> f32 {
        self.radius * (1.0 + self.change * libm::sinf(self.frequency * written + self.phase))
    }
}
