//! The picture of an upload under way: an arrow in a ring that fills, in sixteenths. A template of one colour, as the other
//! pictures are.

/// Pixels of a side.
pub(super) const SIDE: u32 = 44;
/// A grey that stands out on dark and light panels, as in the other pictures.
const INK: [u8; 3] = [0x75, 0x85, 0x87];
/// Steps of the ring.
const STEPS: f32 = 16.0;
/// How much of the colour the rest of the ring has.
const FAINT: f32 = 0.3;
const MIDDLE: f32 = 22.0;
const RADIUS: f32 = 18.5;
const STROKE: f32 = 4.0;
/// The arrow: from the foot to the tip, and its two barbs.
const ARROW: [[(f32, f32); 2]; 3] = [
    [(22.0, 31.0), (22.0, 13.5)],
    [(22.0, 13.0), (15.0, 20.0)],
    [(22.0, 13.0), (29.0, 20.0)],
];

/// RGBA, row by row.
pub(super) fn ring(filled: u8) -> Vec<u8> {
    let side = u16::try_from(SIDE).unwrap_or(u16::MAX);
    let mut pixels = Vec::with_capacity(usize::from(side) * usize::from(side) * 4);
    for y in 0..side {
        for x in 0..side {
            let (x, y) = (f32::from(x) + 0.5, f32::from(y) + 0.5);
            pixels.extend([INK[0], INK[1], INK[2], alpha(x, y, f32::from(filled) / STEPS)]);
        }
    }
    pixels
}

fn alpha(x: f32, y: f32, share: f32) -> u8 {
    let (dx, dy) = (x - MIDDLE, y - MIDDLE);
    let off = (dx.hypot(dy) - RADIUS).abs() - STROKE / 2.0;
    // From the top, clockwise, as a share of the whole way round.
    let way = dx.atan2(-dy).rem_euclid(std::f32::consts::TAU) / std::f32::consts::TAU;
    let ring = covered(off) * if way < share { 1.0 } else { FAINT };
    let arrow = ARROW
        .iter()
        .map(|[from, to]| covered(distance((x, y), *from, *to) - STROKE / 2.0))
        .fold(0.0, f32::max);
    // Between 0 and 255.
    (ring.max(arrow).clamp(0.0, 1.0) * 255.0) as u8
}

/// How much of a pixel is covered, by its distance from an edge.
fn covered(off: f32) -> f32 {
    (0.5 - off).clamp(0.0, 1.0)
}

/// From a point to a line between two others.
fn distance((x, y): (f32, f32), (ax, ay): (f32, f32), (bx, by): (f32, f32)) -> f32 {
    let (vx, vy) = (bx - ax, by - ay);
    let along = (((x - ax) * vx + (y - ay) * vy) / (vx * vx + vy * vy)).clamp(0.0, 1.0);
    (x - ax - along * vx).hypot(y - ay - along * vy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_fills_from_the_top_and_each_step_looks_different() {
        let ink = |filled| ring(filled).chunks(4).map(|p| u32::from(p[3])).sum::<u32>();
        assert_eq!(ring(0).len(), 44 * 44 * 4);
        for filled in 0..16 {
            assert!(ink(filled) < ink(filled + 1), "{filled}");
        }
        let right = (22 * 44 + 40) * 4 + 3;
        assert!(ring(1)[right] < 100 && ring(8)[right] > 200);
    }
}
