namespace FlameEdge.Onnx.Gradients;

/// <summary>How the gradient passes one operator.</summary>
/// <param name="Operator">Its ONNX name.</param>
/// <param name="Differentiate">Gives every input that wants one its share of the output's gradient; null where no gradient passes, as through <c>Shape</c>.</param>
/// <param name="Weights">Positions of the inputs where a stored tensor is a weight, a bias or a scale, and so something to learn.</param>
internal sealed record GradientRule(string Operator, Action<NodeGradient>? Differentiate, params int[] Weights);
