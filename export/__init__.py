"""Weights to ONNX, TensorRT and Triton, compared before they are called done."""
