namespace FlameEdge.Models.Declared;

/// <summary>One layer of a declared model: what every engine builds in its own way, with the same tensors under the same names.</summary>
/// <param name="Shape">Dimensions of one sample behind the layer.</param>
public abstract record Layer(IReadOnlyList<int> Shape);

/// <summary>y = x Wᵀ + b, with <c>{Name}.weight</c> [outputs, inputs] and <c>{Name}.bias</c> [outputs].</summary>
/// <param name="Name">What its tensors' names begin with.</param>
/// <param name="Inputs">Features in.</param>
/// <param name="Outputs">Features out.</param>
public sealed record LinearLayer(string Name, int Inputs, int Outputs) : Layer([Outputs]);

/// <summary>A convolution over [channels, height, width] with square windows and stride 1, with <c>{Name}.weight</c> [channels, inputs, window, window] and <c>{Name}.bias</c> [channels].</summary>
/// <param name="Name">What its tensors' names begin with.</param>
/// <param name="Inputs">Channels in.</param>
/// <param name="Window">Height and width of the window.</param>
/// <param name="Padding">Zeros added at every edge.</param>
/// <param name="Shape">[channels, height, width] behind the layer.</param>
public sealed record ConvolutionLayer(string Name, int Inputs, int Window, int Padding, IReadOnlyList<int> Shape) : Layer(Shape);

/// <summary>The largest of every 2 × 2 values; an odd row or column at the end is left out.</summary>
/// <param name="Shape">[channels, height, width] behind the layer.</param>
public sealed record MaxPoolLayer(IReadOnlyList<int> Shape) : Layer(Shape);

/// <summary>All values of a sample in one row.</summary>
/// <param name="Shape">[features].</param>
public sealed record FlattenLayer(IReadOnlyList<int> Shape) : Layer(Shape);

/// <summary>A function of every single value.</summary>
/// <param name="Function"><c>relu</c>, <c>tanh</c> or <c>sigmoid</c>.</param>
/// <param name="Shape">Dimensions of a sample, unchanged.</param>
public sealed record ActivationLayer(string Function, IReadOnlyList<int> Shape) : Layer(Shape);
