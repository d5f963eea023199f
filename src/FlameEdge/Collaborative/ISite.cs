using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Collaborative.Streams;

namespace FlameEdge.Collaborative;

/// <summary>A site as its role sees it, whatever it predicts: it learns, and tells and gives others what it knows.</summary>
internal interface ISite : ITarget, IRevoking, IRemembered
{
    /// <summary>The site's name.</summary>
    string Name { get; }

    /// <summary>Batches learned.</summary>
    long Batches { get; }

    /// <summary>False while it asks nobody.</summary>
    bool IsAsking { set; }

    /// <summary>Predicts, judges, installs, asks and learns.</summary>
    SiteStep Learn(Batch batch);

    /// <summary>How good it is on rows it does not learn.</summary>
    SiteScore Score(TestRows rows);

    /// <summary>What it tells the directory.</summary>
    SiteRecord Record();

    /// <summary>What it can send for a request; null where it knows too little.</summary>
    byte[]? Help(KnowledgeRequest request);
}

/// <summary>The side of a site that is helped.</summary>
internal interface ITarget
{
    /// <summary>Specialists at work, by label or region.</summary>
    IEnumerable<(int Label, PacketOrigin Origin)> Specialists { get; }

    /// <summary>Takes a packet; it is looked at in the next batch.</summary>
    void Deliver(ReadOnlySpan<byte> packet, string helper);

    /// <summary>Nobody can help with this now.</summary>
    void Decline(ulong labelId);

    /// <summary>What a helper sent for this is of no use: the next is asked at once.</summary>
    void Pass(ulong labelId, string helper);
}

/// <summary>The side of a site that takes back what it believed.</summary>
internal interface IRevoking
{
    /// <summary>Models that are no longer believed.</summary>
    IReadOnlyCollection<ulong> Revoked { get; }

    /// <summary>True where something that came from <paramref name="helper"/> goes back to a model.</summary>
    bool Descends(ulong modelHash, string helper);

    /// <summary>Removes what was cut from a model, and takes no more of it.</summary>
    void Revoke(ulong modelHash);
}

/// <summary>How good a site is: one of the two.</summary>
/// <param name="Accuracy">Of classes: mean recall over those that count, in [0, 1].</param>
/// <param name="Error">Of values: mean over the regions present of the mean absolute error, in the unit in which they are learned.</param>
internal readonly record struct SiteScore(double? Accuracy, double? Error);
