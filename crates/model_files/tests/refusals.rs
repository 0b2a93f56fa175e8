//! Files that are no model: each is refused in words that say what it is and what to do, and nothing is allocated for
//! what it claims.

mod small_model;

use std::io::Write;

use longhand_model_files::safetensors::{self, NotAModel};
use longhand_model_files::{
    ForeignFormat, HeaderFault, MAX_HEADER_BYTES, ModelFileError, StateDict, read_model, read_state_dict,
};
use small_model::{file, small, state_dict};

fn refused(bytes: &[u8]) -> NotAModel {
    StateDict::read(bytes).expect_err("it is no state dict")
}

#[test]
fn another_programs_file_is_known_and_said() {
    let torch = b"PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00\x00\x00model/data.pkl\x80\x02}q";
    let cases: [(&[u8], ForeignFormat, &str); 14] = [
        (b"", ForeignFormat::Empty, "get it again"),
        (torch, ForeignFormat::Torch, "safetensors.torch.save_file(state, \"model.safetensors\")"),
        (b"PK\x03\x04\x14\x00\x00\x00xl/workbook.xml", ForeignFormat::Zip, "zip archive"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", ForeignFormat::Pickle, "torch.load(\"model.pth\""),
        (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00", ForeignFormat::Pickle, "pickle"),
        (b"\x08\x0a\x12\x07pytorch\x1a\x052.9.0:\xb2\x0a", ForeignFormat::Onnx, "an ONNX model"),
        (b"\x08\x08:\x80\x01\x0a\x04Conv", ForeignFormat::Onnx, "safetensors file that the ONNX model was made from"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", ForeignFormat::Gzip, "gunzip"),
        (b"\x89HDF\r\n\x1a\n\x00\x00\x00\x00", ForeignFormat::Hdf5, "HDF5"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", ForeignFormat::Npy, "NumPy"),
        (b"\n<!DOCTYPE html><html>Not found", ForeignFormat::Markup, "download the file itself"),
        (b"{\n  \"format\": 1,\n  \"status\"", ForeignFormat::Json, "model.safetensors in it"),
        (b"[{\"path\": \"runs\"}]", ForeignFormat::Json, "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", ForeignFormat::GitLfs, "git lfs pull"),
    ];
    for (bytes, format, words) in cases {
        let error = refused(bytes);
        assert_eq!(error, NotAModel::Foreign(format), "{bytes:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn lengths_that_cannot_be_are_refused_with_both_numbers() {
    let whole = state_dict(str::to_owned, |_, _, v| v);
    assert!(StateDict::read(&whole).is_ok());
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap());
    let length = |fault: HeaderFault| NotAModel::Header(fault);
    assert_eq!(refused(&whole[..5]), length(HeaderFault::CutShort { found: 5, wanted: 8 }));
    assert_eq!(refused(&whole[..100]), length(HeaderFault::CutShort { found: 100, wanted: header }));
    let data = whole.len() as u64 - header;
    let cut = refused(&whole[..whole.len() - 1]);
    assert_eq!(cut, length(HeaderFault::DataLength { wanted: data, found: data - 1 }));
    assert!(cut.to_string().contains("cut short"), "{cut}");
    let longer = refused(&[&whole[..], &[0; 3]].concat());
    assert!(longer.to_string().contains("appended"), "{longer}");
    for claimed in [0, 1, MAX_HEADER_BYTES + 1, u64::MAX, u64::MAX - 7] {
        assert_eq!(refused(&[&claimed.to_le_bytes()[..], b"{}"].concat()), length(HeaderFault::Length(claimed)));
    }
}

#[test]
fn a_header_that_lies_is_refused_with_the_tensor_that_it_lies_about() {
    let tensor = |dtype: &str, shape: &str, begin: u64, end: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let refused = |tensors: &[(&str, String)], data: usize| {
        let tensors: Vec<String> = tensors.iter().map(|(name, claim)| format!("\"{name}\":{claim}")).collect();
        match refused(&file(&format!("{{{}}}", tensors.join(",")), &vec![0; data])) {
            NotAModel::Header(fault) => fault,
            other => panic!("{other}"),
        }
    };
    let name = "conv1.weight".to_owned();
    // Overlapping, with a gap, backwards.
    let two = |begin, end| [("a", tensor("F32", "[2]", 0, 8)), ("conv1.weight", tensor("F32", "[2]", begin, end))];
    for (begin, end) in [(4, 12), (12, 20), (8, 4)] {
        assert_eq!(refused(&two(begin, end), 20), HeaderFault::Offsets { name: name.clone(), begin, end, wanted: 8 });
    }
    // Shapes that multiply to more than there is, and to more than a number holds.
    for shape in ["[3]", "[]", "[50000000,1000]", "[4294967296,4294967296]", "[18446744073709551615,2,0]"] {
        let fault = refused(&[("conv1.weight", tensor("F32", shape, 0, 8))], 8);
        let HeaderFault::Size { name: found, bytes: 8, dtype, .. } = &fault else { panic!("{shape}: {fault}") };
        assert_eq!((found, &dtype[..]), (&name, "F32"), "{fault}");
    }
    // A huge tensor that is not there at all.
    let end = 4_000_000_000_000;
    let fault = refused(&[("conv1.weight", tensor("F32", "[1000000000000]", 0, end))], 8);
    assert_eq!(fault, HeaderFault::DataLength { wanted: end, found: 8 });
    // Not the JSON that belongs there.
    for (header, words) in [
        ("{\"a\":", "EOF"),
        ("{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,0]}}", "F33"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", "-1"),
        ("[1,2]     ", "its header is not"),
        ("{\"__metadata__\":{\"longhand\":3}}", "its header is not"),
    ] {
        let error = self::refused(&file(header, &[]));
        assert!(
            matches!(error, NotAModel::Header(HeaderFault::Json(_)) | NotAModel::Foreign(_)),
            "{header}: {error:?}"
        );
        assert!(matches!(error, NotAModel::Foreign(_)) || error.to_string().contains(words), "{header}: {error}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(matches!(self::refused(&file(&deep, &[])), NotAModel::Header(HeaderFault::Json(_))));
}

#[test]
fn what_is_no_number_or_no_variance_is_refused_with_its_place() {
    for (value, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        for tensor in ["conv2.weight", "batch_norm1.running_mean", "batch_norm2.running_var"] {
            let bytes = state_dict(str::to_owned, |name, i, v| if (name, i) == (tensor, 2) { value } else { v });
            let error = refused(&bytes);
            assert!(matches!(&error, NotAModel::NotFinite { name, index: 2, .. } if name == tensor), "{error:?}");
            assert!(error.to_string().contains(&format!("`{tensor}` holds {shown} at element 2")), "{error}");
        }
    }
    let bytes = state_dict(str::to_owned, |name, i, v| if name.ends_with("_var") && i == 1 { -0.5 } else { v });
    let error = refused(&bytes);
    assert!(
        matches!(&error, NotAModel::NegativeVariance { name, index: 1, value: -0.5 } if name == "batch_norm1.running_var")
    );
    // A mean may be below zero.
    let bytes = state_dict(str::to_owned, |name, _, v| if name.ends_with("_mean") { -0.5 } else { v });
    assert!(StateDict::read(&bytes).is_ok());
}

#[test]
fn other_element_types_are_named_and_so_is_the_way_out() {
    for (dtype, bytes) in [("F64", 8), ("F16", 2), ("BF16", 2), ("I32", 4), ("U8", 1), ("BOOL", 1)] {
        let header = format!(r#"{{"conv1.weight":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{bytes}]}}}}"#);
        let error = refused(&file(&header, &vec![0; bytes]));
        let text = error.to_string();
        assert!(matches!(error, NotAModel::Dtype { .. }), "{text}");
        assert!(text.contains("`conv1.weight`") && text.contains(dtype) && text.contains("v.float()"), "{text}");
    }
    let counter = |dtype: &str, shape: &str, value: &[u8]| {
        let name = "batch_norm1.num_batches_tracked";
        let header =
            format!(r#"{{"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{}]}}}}"#, value.len());
        StateDict::read(&file(&header, value))
    };
    assert!(counter("I64", "[]", &469i64.to_le_bytes()).is_ok());
    for (dtype, shape, value) in [
        ("I64", "[]", &(-1i64).to_le_bytes()[..]),
        ("F64", "[]", &1f64.to_le_bytes()),
        ("I32", "[]", &1i32.to_le_bytes()),
        ("I64", "[2]", &[0; 16]),
    ] {
        assert!(matches!(counter(dtype, shape, value), Err(NotAModel::Counter(_))), "{dtype} {shape}");
    }
}

/// The small model with other metadata.
fn described(metadata: &str) -> Vec<u8> {
    let bytes = state_dict(str::to_owned, |_, _, v| v);
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut claims: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
    claims["__metadata__"] = serde_json::json!({ "longhand": metadata });
    file(&claims.to_string(), &bytes[header..])
}

#[test]
fn metadata_that_cannot_be_are_refused() {
    let network = serde_json::to_value(small().spec()).unwrap();
    let metadata = |recipe: &str, network: &serde_json::Value, mean: f64, std: f64| {
        let whole = serde_json::json!({
            "recipe": recipe, "network": network, "normalisation": { "mean": mean, "std": std },
        });
        safetensors::read(&described(&whole.to_string()))
    };
    assert!(metadata("small", &network, 0.5, 0.5).is_ok());
    for (mean, std) in [(0.5, 0.0), (0.5, -1.0), (0.5, 1e-60)] {
        let error = metadata("small", &network, mean, std).unwrap_err();
        assert!(matches!(error, NotAModel::Normalisation { .. }), "{mean}, {std}: {error}");
    }
    for recipe in ["a\u{1b}[31mred", "a\nb", &"long".repeat(100)] {
        let error = metadata(recipe, &network, 0.5, 0.5).unwrap_err().to_string();
        assert!(!error.contains(char::is_control) && error.len() < 400, "{error}");
    }
    // Networks too large to build are refused before anything is allocated for them, and so are those that the tensors
    // do not fill.
    let layers = |layers: serde_json::Value| serde_json::json!({ "input": [1, 28, 28], "layers": layers });
    let soft = serde_json::json!({ "type": "log_softmax" });
    let linear = |n: u64| serde_json::json!({ "type": "linear", "features": n });
    for (network, words) in [
        (layers(serde_json::json!([linear(65_536), linear(10), soft])), "above the limit of 50000000"),
        (layers(serde_json::json!([linear(u64::MAX), soft])), "cannot be"),
        (layers(serde_json::json!([linear(50_000), linear(10), soft])), "this network wants [50000, 784]"),
        (layers(serde_json::json!(vec![serde_json::json!({ "type": "relu" }); 20_000])), "above the limit of 1000"),
        (serde_json::json!({ "input": [1, 0, 28], "layers": [soft] }), "from 1 to 1024"),
    ] {
        let error = metadata("small", &network, 0.5, 0.5).unwrap_err();
        assert!(matches!(error, NotAModel::DoesNotFit(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(words), "{words}: {text}");
    }
    for text in ["", "{}", "3", "{\"recipe\":1}", &"[".repeat(1000)] {
        let error = safetensors::read(&described(text)).unwrap_err();
        assert!(matches!(error, NotAModel::Metadata(_)), "{text}: {error}");
    }
}

#[test]
fn a_file_is_refused_by_its_beginning_and_its_length_is_never_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pth");
    // A sparse file of a terabyte: whoever read it whole would not come back.
    let mut large = std::fs::File::create(&path).unwrap();
    large.write_all(b"PK\x03\x04\x00\x00\x08\x08\x00\x00model/data.pkl").unwrap();
    large.set_len(1 << 40).unwrap();
    let error = read_state_dict(&path).unwrap_err();
    assert!(error.to_string().contains("model.pth") && error.to_string().contains("weights_only=True"), "{error}");
    assert!(matches!(read_model(&path), Err(ModelFileError::NotAModel { source: NotAModel::Foreign(_), .. })));
    let mut large = std::fs::File::create(&path).unwrap();
    large.write_all(&u64::MAX.to_le_bytes()).unwrap();
    large.set_len(1 << 40).unwrap();
    let error = read_state_dict(&path).unwrap_err();
    assert!(matches!(error, ModelFileError::NotAModel { source: NotAModel::Header(HeaderFault::Length(_)), .. }));
}
