"""Models from Python: arrays in and out, files, errors."""

import multiprocessing
import pickle
import struct
import zlib

import numpy as np
import pytest

import longhand


def test_many_images_and_one_get_the_same_answers(run, digits):
    images, labels = digits[1]
    classes, probabilities = run.model.predict(images), run.model.predict_proba(images)
    assert (classes.dtype, classes.shape) == (np.int64, (300,))
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (300, 10))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(classes, probabilities.argmax(axis=1))
    one = run.model.predict(images[7])
    assert isinstance(one, int) and one == classes[7]
    np.testing.assert_array_equal(run.model.predict_proba(images[7]), probabilities[7])
    assert (classes == labels).mean() > 0.5, "it has learned something"


def test_evaluate_counts_what_predict_says(run, digits):
    images, labels = digits[1]
    found = run.model.evaluate(images, labels)
    classes = run.model.predict(images)
    assert found["errors"] == (classes != labels).sum() and found["images"] == 300
    assert found["accuracy"] == 1 - found["errors"] / 300
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, classes), 1)
    np.testing.assert_array_equal(found["confusion"], confusion)
    loss = -np.log(run.model.predict_proba(images)[np.arange(300), labels].astype(float)).mean()
    assert found["loss"] == pytest.approx(loss, rel=1e-4)


def test_arrays_of_every_layout_are_read_right(run, digits):
    images = digits[1][0][:20]
    expected = run.model.predict_proba(images)
    read_only = images.copy()
    read_only.flags.writeable = False
    for other in (
        np.asfortranarray(images),
        np.ascontiguousarray(images.transpose(2, 1, 0)).transpose(2, 1, 0),
        np.repeat(images, 2, axis=0)[::2],
        images[::-1][::-1],
        images[:, None],
        read_only,
        memoryview(images),
    ):
        np.testing.assert_array_equal(run.model.predict_proba(other), expected)


def test_no_images_are_no_predictions(run):
    assert run.model.predict(np.zeros((0, 28, 28), np.uint8)).shape == (0,)
    assert run.model.predict_proba(np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)


def test_answers_can_be_written_to(run, digits):
    probabilities = run.model.predict_proba(digits[1][0][:2])
    probabilities[:] = 0


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((3, 28, 28), np.float32), "(images * 255).round().astype('uint8')"),
        (np.zeros((3, 28, 28), np.int64), "images.astype('uint8')"),
        (np.zeros((3, 28, 28), bool), "uint8"),
        (np.zeros((3, 27, 28), np.uint8), "27×28 and the model takes 28×28"),
        (np.zeros((3, 2, 28, 28), np.uint8), "[3, 2, 28, 28]"),
        (np.zeros(784, np.uint8), "[784]"),
        ([[0] * 28] * 28, "this is a list"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_image_is_refused_with_what_is(run, images, words):
    with pytest.raises(longhand.LonghandError) as refused:
        run.model.predict(images)
    assert words in str(refused.value)
    assert refused.value.kind == "images"


def test_saved_loaded_and_pickled_it_is_the_same(run, tmp_path):
    path = tmp_path / "model.safetensors"
    run.model.save(path)
    for again in (
        longhand.Model.load(path),
        longhand.Model.load(str(tmp_path)),
        longhand.Model.from_bytes(run.model.to_bytes()),
        pickle.loads(pickle.dumps(run.model)),
    ):
        assert again.weights_sha256 == run.model.weights_sha256
    assert (again.recipe, again.classes, again.image_size) == ("sprint", 10, (28, 28))
    assert str(again.parameters) in repr(again)


def test_other_formats_are_files_that_hold_the_weights(run, tmp_path):
    run.model.to_onnx(tmp_path / "model.onnx")
    run.model.to_onnx(tmp_path / "folded.onnx", fold_batch_norm=True, normalised_input=True)
    run.model.to_c_header(tmp_path / "digits.h", name="digits")
    kept, folded = ((tmp_path / name).read_bytes() for name in ("model.onnx", "folded.onnx"))
    assert b"BatchNormalization" in kept and b"BatchNormalization" not in folded
    header = (tmp_path / "digits.h").read_text()
    assert "digits_predict" in header
    first = run.model.to_bytes()
    assert len(kept) > 4 * run.model.parameters and len(first) > 4 * run.model.parameters


def test_what_is_no_model_is_refused_with_the_file_named(run, tmp_path):
    short = tmp_path / "short.safetensors"
    short.write_bytes(run.model.to_bytes()[:1000])
    for path in (short, tmp_path / "none.safetensors"):
        with pytest.raises(longhand.LonghandError, match=path.name) as refused:
            longhand.Model.load(path)
        assert refused.value.kind == "model"
    with pytest.raises(longhand.LonghandError, match="cannot write the model") as refused:
        run.model.save(tmp_path / "no" / "such" / "folder" / "model.safetensors")
    assert refused.value.kind == "output"
    with pytest.raises(TypeError):
        longhand.Model()


def test_a_picture_becomes_what_a_network_sees(run, tmp_path):
    def png(rows):
        def chunk(kind, data):
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

        header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], 8, 0, 0, 0, 0)
        lines = b"".join(b"\0" + row.tobytes() for row in rows)
        chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + chunks

    paper = np.full((300, 400), 255, np.uint8)
    paper[60:200, 250:270] = 20  # a dark stroke on white, off-centre
    path = tmp_path / "one.png"
    path.write_bytes(png(paper))
    seen = longhand.read_picture(path)
    assert (seen.shape, seen.dtype) == ((28, 28), np.uint8)
    rows, columns = np.nonzero(seen)
    assert rows.max() - rows.min() + 1 == 20 and seen[0].max() == 0 and seen.max() == 255
    assert abs((seen * np.arange(28)).sum() / seen.sum() - 13.5) < 1, "centred by mass"
    np.testing.assert_array_equal(longhand.read_picture(path.read_bytes()), seen)
    assert isinstance(run.model.predict(seen), int)
    with pytest.raises(longhand.LonghandError, match="nothing stands out") as refused:
        longhand.read_picture(png(np.full((50, 50), 255, np.uint8)))
    assert refused.value.kind == "images"
    with pytest.raises(longhand.LonghandError):
        longhand.read_picture(b"not a picture")
    with pytest.raises(longhand.LonghandError, match="none.png"):
        longhand.read_picture(tmp_path / "none.png")


def predicted(model, images):
    return model.predict(images).tolist()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(run, digits):
    images = digits[1][0]
    here = predicted(run.model, images)  # the parent's threads are there now, and do not come along
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(predicted, (run.model, images)).get(timeout=60) == here


def test_a_model_of_coloured_images_is_refused(run):
    data = run.model.to_bytes()
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size].replace(rb'\"input\":[1,28,28]', rb'\"input\":[3,28,28]')
    assert header != data[8 : 8 + size]
    with pytest.raises(longhand.LonghandError):
        longhand.Model.from_bytes(data[:8] + header + data[8 + size :])
