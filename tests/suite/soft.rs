//! A CPU renderer for egui_kittest: pictures need no GPU and are the same on every machine of one architecture.
//!
//! Blends premultiplied colours in gamma space, as egui's own renderers do. Triangles are filled in 1/256 pixel fixed
//! point with the top-left rule, so that shared edges are drawn once.

use std::collections::HashMap;

use egui::epaint::{Mesh, Primitive, Vertex};
use egui::{Color32, FullOutput, ImageData, TextureFilter, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;

type Pixel = [f32; 4];
type Point = (i64, i64);

struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    nearest: bool,
}

impl Texture {
    fn at(&self, x: i32, y: i32) -> Pixel {
        let x = x.clamp(0, self.width as i32 - 1) as usize;
        let y = y.clamp(0, self.height as i32 - 1) as usize;
        self.pixels[y * self.width + x].to_array().map(f32::from)
    }

    fn sample(&self, u: f32, v: f32) -> Pixel {
        let (x, y) = (u * self.width as f32, v * self.height as f32);
        if self.nearest {
            return self.at(x.floor() as i32, y.floor() as i32);
        }
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_share, low_share) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        if right_share == 0.0 && low_share == 0.0 {
            return self.at(left, top);
        }
        let corners = [self.at(left, top), self.at(left + 1, top), self.at(left, top + 1), self.at(left + 1, top + 1)];
        std::array::from_fn(|i| {
            let upper = corners[0][i] * (1.0 - right_share) + corners[1][i] * right_share;
            let lower = corners[2][i] * (1.0 - right_share) + corners[3][i] * right_share;
            upper * (1.0 - low_share) + lower * low_share
        })
    }
}

#[derive(Default)]
pub struct SoftRenderer {
    textures: HashMap<TextureId, Texture>,
}

#[allow(clippy::iter_over_hash_type, reason = "textures do not depend on each other")]
impl TestRenderer for SoftRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                let [width, height] = image.size;
                if let Some([left, top]) = change.pos {
                    let texture = self.textures.get_mut(&id).expect("patches come after their texture");
                    for y in 0..height {
                        let to = (top + y) * texture.width + left;
                        texture.pixels[to..to + width].copy_from_slice(&image.pixels[y * width..(y + 1) * width]);
                    }
                } else {
                    let nearest = change.options.magnification == TextureFilter::Nearest;
                    self.textures.insert(id, Texture { width, height, pixels: image.pixels.clone(), nearest });
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &FullOutput) -> Result<image::RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let mut canvas = Canvas { pixels: vec![[0.0; 4]; width * height], width, scale };
        for primitive in ctx.tessellate(output.shapes.clone(), scale) {
            // Paint callbacks need a GPU; none of our views uses one.
            let Primitive::Mesh(mesh) = primitive.primitive else { continue };
            let edge = |v: f32, most: usize| (v * scale).round().clamp(0.0, most as f32) as i64;
            let clip = primitive.clip_rect;
            let clip =
                [edge(clip.min.x, width), edge(clip.min.y, height), edge(clip.max.x, width), edge(clip.max.y, height)];
            let texture = self.textures.get(&mesh.texture_id).ok_or("a mesh names an unknown texture")?;
            canvas.mesh(&mesh, texture, clip);
        }
        let bytes = canvas.pixels.iter().flat_map(|p| p.map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8)).collect();
        image::RgbaImage::from_raw(width as u32, height as u32, bytes).ok_or_else(|| "size".to_owned())
    }
}

struct Canvas {
    pixels: Vec<Pixel>,
    width: usize,
    scale: f32,
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, clip: [i64; 4]) {
        for triangle in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|i| mesh.vertices[triangle[i] as usize]);
            self.triangle(corners, texture, clip);
        }
    }

    fn triangle(&mut self, mut corners: [Vertex; 3], texture: &Texture, clip: [i64; 4]) {
        let fixed = |v: f32| (f64::from(v * self.scale) * 256.0).round() as i64;
        let mut points: [Point; 3] = corners.map(|v| (fixed(v.pos.x), fixed(v.pos.y)));
        let mut area = doubled_area(points[0], points[1], points[2]);
        if area == 0 {
            return;
        }
        if area < 0 {
            corners.swap(1, 2);
            points.swap(1, 2);
            area = -area;
        }
        let low = |f: fn(&Point) -> i64| points.iter().map(f).min().unwrap_or_default() >> 8;
        let high = |f: fn(&Point) -> i64| (points.iter().map(f).max().unwrap_or_default() >> 8) + 1;
        let columns = low(|p| p.0).max(clip[0])..high(|p| p.0).min(clip[2]);
        let rows = low(|p| p.1).max(clip[1])..high(|p| p.1).min(clip[3]);
        let bias = [owns(points[1], points[2]), owns(points[2], points[0]), owns(points[0], points[1])];
        let colors = corners.map(|v| v.color.to_array().map(|c| f32::from(c) / 255.0));
        let flat = corners[0].color == corners[1].color && corners[1].color == corners[2].color;
        let one_texel = corners[0].uv == corners[1].uv && corners[1].uv == corners[2].uv;
        let texel = one_texel.then(|| texture.sample(corners[0].uv.x, corners[0].uv.y));
        for y in rows {
            for x in columns.clone() {
                let center = (x * 256 + 128, y * 256 + 128);
                let edges = [
                    doubled_area(points[1], points[2], center),
                    doubled_area(points[2], points[0], center),
                    doubled_area(points[0], points[1], center),
                ];
                if (0..3).any(|i| edges[i] < bias[i]) {
                    continue;
                }
                let weights = edges.map(|e| (e as f64 / area as f64) as f32);
                let mix = |f: [f32; 3]| f[0] * weights[0] + f[1] * weights[1] + f[2] * weights[2];
                let texel =
                    texel.unwrap_or_else(|| texture.sample(mix(corners.map(|v| v.uv.x)), mix(corners.map(|v| v.uv.y))));
                let source: Pixel = std::array::from_fn(|i| {
                    let color = if flat { colors[0][i] } else { mix([colors[0][i], colors[1][i], colors[2][i]]) };
                    color * texel[i] / 255.0
                });
                let target = &mut self.pixels[y as usize * self.width + x as usize];
                for i in 0..4 {
                    target[i] = source[i] + target[i] * (1.0 - source[3]);
                }
            }
        }
    }
}

fn doubled_area(a: Point, b: Point, c: Point) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Top and left edges own the pixels that lie exactly on them.
fn owns(a: Point, b: Point) -> i64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    i64::from(!(dy < 0 || (dy == 0 && dx > 0)))
}
