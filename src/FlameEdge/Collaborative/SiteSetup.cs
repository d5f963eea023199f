using System.IO.Hashing;
using System.Text;

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

    /// <summary>Start of everything random here.</summary>
    public ulong Seed { get; init; }

    /// <summary>Hash of <see cref="Inputs"/> and <see cref="SampleShape"/>.</summary>
    public ulong InputContract => LabelId($"{Inputs}|{string.Join(',', SampleShape)}");

    /// <summary>What packets call a label: a hash of its name.</summary>
    public static ulong LabelId(string name) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name));
}
