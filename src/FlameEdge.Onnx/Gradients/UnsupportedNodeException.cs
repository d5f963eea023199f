namespace FlameEdge.Onnx.Gradients;

/// <summary>Says within the sweep why one node has no gradient; the sweep collects the reasons of all nodes into one refusal.</summary>
internal sealed class UnsupportedNodeException(string reason) : Exception(reason);
