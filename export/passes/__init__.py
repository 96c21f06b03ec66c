"""Rewrites of ONNX graphs: plain operators, low precision, quantised products."""
