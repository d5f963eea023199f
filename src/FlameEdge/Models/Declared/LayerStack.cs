namespace FlameEdge.Models.Declared;

/// <summary>Puts layers on top of each other and keeps count of the shape.</summary>
internal sealed class LayerStack(IReadOnlyList<int> sampleShape)
{
    private readonly List<Layer> _layers = [];
    private IReadOnlyList<int> _shape = sampleShape;

    public IReadOnlyList<Layer> Layers => _layers;

    /// <summary>A fully connected layer; flattens what it gets.</summary>
    public LayerStack Linear(string name, int width)
    {
        if (_shape.Count > 1)
        {
            Add(new FlattenLayer([_shape.Aggregate((product, size) => checked(product * size))]));
        }

        return Add(new LinearLayer(name, _shape[0], width));
    }

    public LayerStack Convolution(string name, int channels, int window, int padding) => Add(new ConvolutionLayer(
        name, _shape[0], window, padding, [channels, .. _shape.Skip(1).Select(size => size + (2 * padding) - window + 1)]));

    public LayerStack MaxPool() => Add(new MaxPoolLayer([_shape[0], .. _shape.Skip(1).Select(size => size / 2)]));

    public LayerStack Activation(string function) => Add(new ActivationLayer(function, _shape));

    private LayerStack Add(Layer layer)
    {
        _layers.Add(layer);
        _shape = layer.Shape;
        return this;
    }
}
