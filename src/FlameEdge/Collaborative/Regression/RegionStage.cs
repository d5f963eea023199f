using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Regression;

/// <summary>A region's specialist at work in a site: a score that says how far a row lies in the region, and the value it has there.</summary>
public sealed class RegionStage(int region, DenseNetwork network, PacketOrigin origin)
{
    /// <summary>Numbers that its network gives for a row: score and value.</summary>
    public const int OutputCount = 2;

    /// <summary>The region it knows.</summary>
    public int Region => region;

    /// <summary>The network [features, units…, 2]: score (log-odds) and value.</summary>
    public DenseNetwork Network => network;

    /// <summary>Whence it came.</summary>
    public PacketOrigin Origin => origin;

    /// <summary>Decayed gain: absolute error saved, in units of the site's usual error.</summary>
    public double Gain { get; set; }

    /// <summary>Scores and values of samples [rows, features]: [rows, 2].</summary>
    public float[] Outputs(ReadOnlyMemory<float> samples)
    {
        var outputs = new float[samples.Length / network.FeatureCount * 2];
        network.Forward(samples, outputs);
        return outputs;
    }
}
