//! C headers, compiled with a C compiler and run: they say what the network says.

mod made_models;

use std::fs;
use std::path::Path;
use std::process::Command;

use longhand_data::ImageSet;
use longhand_model_files::{Model, c_header};
use longhand_nn::{LayerSpec, NetworkSpec};
use made_models::{
    compare, largest, log_probabilities, model, networks, random_depthwise_network, random_network, test_images,
};

/// What a person who is careful compiles with.
const STRICT: [&str; 6] = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"];

/// Reads images from standard input, and writes the class, the logits and the log-probabilities of each.
const PROGRAM: &str = r#"
#define NET_LOG_PROBABILITIES
#include "net.h"
#include <stdio.h>

int main(void)
{
    static float work[NET_WORK_FLOATS];
    static uint8_t image[NET_CHANNELS * NET_HEIGHT * NET_WIDTH];
    float logits[NET_CLASSES];
    for (int n = 0; fread(image, sizeof image, 1, stdin) == 1; n++) {
        int best = net_predict(image, work, logits);
        int alone = n < 3 ? net_predict(image, work, NULL) : best;
        printf("%d %d", alone, best);
        for (int k = 0; k < NET_CLASSES; k++) {
            printf(" %.9g", (double)logits[k]);
        }
        net_log_probabilities(logits);
        for (int k = 0; k < NET_CLASSES; k++) {
            printf(" %.9g", (double)logits[k]);
        }
        printf("\n");
    }
    return 0;
}
"#;

/// Whether there is a C compiler; where there is none, says so.
fn compiler_is_here() -> bool {
    let here = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    if !here {
        eprintln!("skipped: there is no C compiler (cc)");
    }
    here
}

/// Compiles with `cc`, every warning an error.
fn compile(folder: &Path, arguments: &[&str]) {
    let output = Command::new("cc").args(STRICT).args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "cc {arguments:?}: {said}");
}

/// Class, logits and log-probabilities.
struct Answer {
    class: usize,
    logits: Vec<f32>,
    log_probabilities: Vec<f32>,
}

/// What the header of `model` says of `images`, compiled with `flags`.
fn run(model: &Model, images: &[&[u8]], flags: &[&str]) -> Vec<Answer> {
    let folder = tempfile::tempdir().unwrap();
    let header = c_header::write(model, "net").unwrap();
    fs::write(folder.path().join("net.h"), &header.text).unwrap();
    fs::write(folder.path().join("main.c"), PROGRAM).unwrap();
    compile(folder.path(), &[&["-std=c99", "main.c", "-o", "main", "-lm"], flags].concat());
    let input = folder.path().join("images");
    fs::write(&input, images.concat()).unwrap();
    let output = Command::new(folder.path().join("main")).stdin(fs::File::open(input).unwrap()).output().unwrap();
    assert!(output.status.success());
    let answer = |line: &str| {
        let mut words = line.split(' ');
        let mut class = || words.next().unwrap().parse::<usize>().unwrap();
        let (alone, class) = (class(), class());
        assert_eq!(alone, class, "with room for logits and without");
        let mut logits: Vec<f32> = words.map(|word| word.parse().unwrap()).collect();
        let log_probabilities = logits.split_off(model.network.classes());
        Answer { class, logits, log_probabilities }
    };
    String::from_utf8(output.stdout).unwrap().lines().map(answer).collect()
}

/// Holds the header's answers against the network's: every class, logits up to what log-softmax takes from all.
fn hold(name: &str, model: &Model, images: &[&[u8]], flags: &[&str]) {
    let answers = run(model, images, flags);
    assert_eq!(answers.len(), images.len(), "{name}");
    for (n, (answer, wanted)) in answers.iter().zip(log_probabilities(model, images)).enumerate() {
        let what = format!("{name}, image {n}");
        compare(&what, &answer.log_probabilities, &wanted);
        assert_eq!(answer.class, largest(&answer.logits), "{what}: the class is that of the largest logit");
        let taken = answer.logits[0] - answer.log_probabilities[0];
        for (logit, log_probability) in answer.logits.iter().zip(&answer.log_probabilities) {
            assert!((logit - log_probability - taken).abs() < 1e-4 * (1.0 + logit.abs()), "{what}");
        }
    }
}

fn images_of(set: &ImageSet) -> Vec<&[u8]> {
    (0..set.len()).map(|n| set.image(n)).collect()
}

#[test]
fn a_thousand_images_get_the_networks_classes() {
    if !compiler_is_here() {
        return;
    }
    let set = test_images(1000);
    let images = images_of(&set);
    for (name, spec) in networks() {
        // Every second one has batch norms that fall: these cannot be folded through ReLU and max pooling.
        for seed in 0..2 {
            let model = model(&spec, seed);
            let images = &images[..if seed == 0 { 1000 } else { 100 }];
            let answers = run(&model, images, &["-O3"]);
            let wanted = log_probabilities(&model, images);
            let differ = answers.iter().zip(&wanted).filter(|(answer, wanted)| answer.class != largest(wanted)).count();
            assert_eq!(differ, 0, "{name}, seed {seed}: images of another class");
            hold(&format!("{name}, seed {seed}"), &model, &images[..20], &["-O2", "-ffp-contract=off"]);
        }
    }
}

#[test]
fn so_it_is_for_random_networks() {
    if !compiler_is_here() {
        return;
    }
    for seed in 0..16 {
        let spec = if seed % 2 == 0 { random_network(seed) } else { random_depthwise_network(seed) };
        let model = model(&spec, seed);
        let elements = model.network.spec().input_shape().elements();
        let pixels: Vec<u8> = (0..3 * elements).map(|n| ((n as u64 * 0x9E37_79B9) >> 7) as u8).collect();
        let images: Vec<&[u8]> = pixels.chunks(elements).collect();
        // Sanitisers: nothing is read or written outside the work area and the weights.
        let flags = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover"];
        hold(&format!("{:?}", model.network.spec()), &model, &images, &flags);
    }
}

#[test]
fn two_headers_live_together_in_c_and_in_cpp() {
    if !compiler_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let networks = networks();
    for (name, (_, spec)) in ["first", "second one"].iter().zip(&networks) {
        let header = c_header::write(&model(spec, 0), name).unwrap();
        fs::write(folder.path().join(format!("{}.h", header.prefix)), header.text).unwrap();
    }
    let program = "#include \"first.h\"\n#include \"second_one.h\"\n#include \"first.h\"\n\
                   static float work[FIRST_WORK_FLOATS];\n\
                   int main(void) { static uint8_t image[784]; return first_predict(image, work, NULL) < 0; }\n";
    for (file, flags) in [("both.c", &["-std=c99"][..]), ("both.cpp", &["-std=c++11", "-xc++"])] {
        fs::write(folder.path().join(file), program).unwrap();
        for level in ["-O0", "-O2"] {
            compile(folder.path(), &[flags, &[level, "-c", file]].concat());
        }
    }
}

#[test]
fn the_stack_is_as_small_as_the_header_says() {
    if !compiler_is_here() {
        return;
    }
    for (_, spec) in networks() {
        for level in ["-O0", "-Os", "-O2", "-O3"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("net.h"), c_header::write(&model(&spec, 1), "net").unwrap().text).unwrap();
            let program = "#include \"net.h\"\nint f(const uint8_t *i, float *w) { return net_predict(i, w, NULL); }\n";
            fs::write(folder.path().join("main.c"), program).unwrap();
            compile(folder.path(), &["-std=c99", level, "-fstack-usage", "-c", "main.c", "-o", "main.o"]);
            let usage = fs::read_to_string(folder.path().join("main.su")).unwrap();
            // No function is called twice on the way down, so their sum is a bound.
            let bytes: usize =
                usage.lines().map(|line| line.split('\t').nth(1).unwrap().parse::<usize>().unwrap()).sum();
            assert!(bytes > 0 && bytes <= c_header::STACK_BYTES, "{level}: {bytes} bytes\n{usage}");
        }
    }
}

fn tiny() -> NetworkSpec {
    let layers = vec![
        LayerSpec::Conv { channels: 1, kernel: 3, padding: 1, bias: true },
        LayerSpec::Relu {},
        LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 },
        LayerSpec::MaxPool {},
        LayerSpec::Linear { features: 2, bias: false },
        LayerSpec::LogSoftmax {},
    ];
    NetworkSpec { input: [1, 4, 4], layers }
}

#[test]
fn the_header_of_a_tiny_network() {
    let header = c_header::write(&model(&tiny(), 0), "tiny net").unwrap();
    assert_eq!(header.prefix, "tiny_net");
    insta::assert_snapshot!(header.text);
}

#[test]
fn a_weight_that_is_no_number_is_refused() {
    let mut broken = model(&tiny(), 0);
    let tensors: Vec<_> = broken.network.state().into_iter().map(|(n, s, v)| (n, s, v.to_vec())).collect();
    let spoilt = |mut tensors: Vec<(String, Vec<usize>, Vec<f32>)>| {
        tensors[0].2[4] = f32::NAN;
        tensors
    };
    broken.network.load_state(&spoilt(tensors), 1).unwrap();
    let refused = c_header::write(&broken, "broken").unwrap_err().to_string();
    assert!(refused.contains("`conv1` would have a weight of NaN"), "{refused}");
}
