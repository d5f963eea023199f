using System.IO.Hashing;
using System.Text;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative;

/// <summary>Who a site is and what its rows mean.</summary>
public sealed record SiteSetup
{
    /// <summary>The site's name in the job.</summary>
    public required string Name { get; init; }

    /// <summary>Names of the classes, in the order of the network's logits.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Dimensions of one sample: [features], or [channels, height, width].</summary>
    public required IReadOnlyList<int> SampleShape { get; init; }

    /// <summary>What features, order and normalisation are called; equal at sites whose rows mean the same.</summary>
    public required string Inputs { get; init; }

    /// <summary>The frozen lower part that this site shares with others: everything in it then works on features, not on samples. Null for none.</summary>
    public IBackbone? Backbone { get; init; }

    /// <summary>Start of everything random here.</summary>
    public ulong Seed { get; init; }

    /// <summary>Values of a row as specialists see it.</summary>
    public int RowSize => Backbone?.FeatureCount ?? SampleShape.Aggregate(1, (product, size) => product * size);

    /// <summary>Hash of <see cref="Inputs"/>, <see cref="SampleShape"/> and the backbone.</summary>
    public ulong InputContract => LabelId($"{Inputs}|{string.Join(',', SampleShape)}{(Backbone is null ? "" : $"|{Backbone.ContentHash:x16}")}");

    /// <summary>Where specialists of this site begin: 0 at samples, else a short hash of the backbone, never 0.</summary>
    public ushort Cut => Backbone is null ? (ushort)0 : (ushort)(1 + (Backbone.ContentHash % ushort.MaxValue));

    /// <summary>What packets call a label: a hash of its name.</summary>
    public static ulong LabelId(string name) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name));

    /// <summary>Averaging of this site's rows over squares of edge <paramref name="factor"/>; plain features are never averaged.</summary>
    public InputAveraging Averaging(int factor) => Backbone is null && SampleShape is [var channels, var height, var width]
        ? new InputAveraging(channels, height, width, Math.Clamp(factor, 1, Math.Min(height, width)))
        : InputAveraging.None(RowSize);
}
