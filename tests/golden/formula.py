"""What the golden scripts share: numbers from a formula that the C tests compute too, random draws
as common/base/random.h defines them, and a writer of safetensors files.

    from formula import value, fill, philox, write
"""
import json
import struct

import numpy as np
import torch


def hash_name(name):
    """FNV-1a, 32 bits."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


def value(name, count):
    """Numbers 0..count-1 of the sequence `name`, in [-1,1): tests/golden/formula.h."""
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + hash_name(name)) & 0xFFFFFFFF
    for _ in range(2):
        x ^= x >> 16
        x = x * 0x45D9F3B & 0xFFFFFFFF
    x ^= x >> 16
    return (x >> 8).astype(np.float64) * 2.0**-23 - 1


def weight(name, shape):
    """A parameter by its state_dict name, rounded to float32, as a float64 tensor."""
    count = int(np.prod(shape))
    u = value(name, count)
    if name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif name.endswith("running_mean") or name.endswith("bias"):
        u = 0.2 * u
    elif len(shape) == 1:
        u = 1 + 0.25 * u
    else:
        u = u * np.sqrt(6 / (count // shape[0]))
    return torch.from_numpy(u.astype(np.float32).astype(np.float64)).reshape(shape)


def pixels(name, n, h, w, c):
    """Images in [0,1] from the sequence in NHWC order, returned as NCHW."""
    u = ((value(name, n * h * w * c) + 1) / 2).astype(np.float32).astype(np.float64)
    return torch.from_numpy(u).reshape(n, h, w, c).permute(0, 3, 1, 2).contiguous()


def fill(prefix, module):
    """Gives a module the weights of the formula; sequence "prefix.name"."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensor.copy_(weight(prefix + "." + name, tuple(tensor.shape)))


def philox(seed, stream, step, elements):
    """Four 32-bit words an element: [count, 4]."""
    e = np.asarray(elements, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    k0, k1 = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    c = [e & low, e >> np.uint64(32), np.full_like(e, step), np.full_like(e, stream)]
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k0, p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ k1, p0 & low]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return np.stack(c, 1)


def uniform(words):
    return (words >> np.uint64(8)).astype(np.float64) * 2.0**-24


def below(words, bound):
    return (words * np.uint64(bound)) >> np.uint64(32)


def write(path, tensors, metadata=None):
    """A safetensors file of float32 tensors, with a dictionary of strings."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().numpy().astype("<f4")
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
