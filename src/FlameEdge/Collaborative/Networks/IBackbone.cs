namespace FlameEdge.Collaborative.Networks;

/// <summary>The frozen lower part of a large model, such as a public one that many sites hold: samples in, features out, never trained.</summary>
/// <remarks>Where target and helper hold the same one, specialists stand on its features and packets carry none of its bytes (§4.6, our design).</remarks>
public interface IBackbone : IDisposable
{
    /// <summary>Hash of what it computes with: sites whose hashes are equal mean the same by their features.</summary>
    ulong ContentHash { get; }

    /// <summary>Values of one sample.</summary>
    int SampleSize { get; }

    /// <summary>Features of one sample.</summary>
    int FeatureCount { get; }

    /// <summary>Turns samples [rows, values] into features [rows, features].</summary>
    ReadOnlyMemory<float> Apply(ReadOnlyMemory<float> samples);
}
