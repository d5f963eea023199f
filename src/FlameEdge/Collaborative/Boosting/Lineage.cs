using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>The parameters a site's network began with: where they are a helper's too, its hidden units mean the same, and deltas can be written in (§4.7, our design).</summary>
public sealed class Lineage
{
    private const double MostRise = 0.05;
    private readonly float[] ancestor;
    private readonly Dictionary<Stage, (int[] Places, float[] Values)> overwritten = [];

    /// <summary>The lineage of a network that has not learned yet.</summary>
    public Lineage(ISiteModel model)
    {
        ancestor = model.Parameters.ToArray();
        Id = (uint)PacketWriter.ContentHash(System.Runtime.InteropServices.MemoryMarshal.AsBytes(model.Parameters));
    }

    /// <summary>Short hash of those parameters.</summary>
    public uint Id { get; }

    /// <summary>The parameters.</summary>
    public ReadOnlySpan<float> Ancestor => ancestor;

    /// <summary>Writes deltas into <paramref name="model"/> where its loss on the classes it knew before (<paramref name="isBase"/>) rises by no more than 0.05 nats and on the class falls; keeps what it overwrote.</summary>
    public bool Accept(AlignedDelta aligned, ISiteModel model, Stage stage, IReadOnlyList<float[]> positives, ExampleStore replay, Func<int, bool> isBase)
    {
        if (AlignedExtractor.Apply(aligned, model, ancestor, stage.Label) is not { } changed)
        {
            return false;
        }

        var before = model.Parameters.ToArray();
        var (base0, class0) = (BaseLoss(model, stage.Label, replay, isBase), Loss(model, positives, stage.Label));
        model.Load(changed);
        if (BaseLoss(model, stage.Label, replay, isBase) > base0 + MostRise || Loss(model, positives, stage.Label) >= class0)
        {
            model.Load(before);
            return false;
        }

        int[] places = [.. Enumerable.Range(0, before.Length).Where(i => before[i] != changed[i])];
        this.overwritten[stage] = (places, [.. places.Select(i => before[i])]);
        return true;
    }

    /// <summary>Takes back what came with <paramref name="stage"/>, where anything did.</summary>
    public void Undo(ISiteModel model, Stage stage)
    {
        if (!this.overwritten.Remove(stage, out var overwritten))
        {
            return;
        }

        var parameters = model.Parameters.ToArray();
        foreach (var (place, value) in overwritten.Places.Zip(overwritten.Values))
        {
            parameters[place] = value;
        }

        model.Load(parameters);
    }

    /// <summary>Forgets what could be taken back; after so many batches the network has moved on.</summary>
    public void Settle(Stage stage) => this.overwritten.Remove(stage);

    /// <summary>What could be taken back with <paramref name="stage"/>: places and values; empty where nothing came with it.</summary>
    internal (int[] Places, float[] Values) Overwritten(Stage stage) => this.overwritten.GetValueOrDefault(stage, ([], []));

    /// <summary>Remembers again what could be taken back.</summary>
    internal void Remember(Stage stage, int[] places, float[] values)
    {
        if (places.Length > 0)
        {
            this.overwritten[stage] = (places, values);
        }
    }

    private static double BaseLoss(ISiteModel model, int label, ExampleStore replay, Func<int, bool> isBase)
    {
        var (sum, count) = (0.0, 0);
        foreach (var other in replay.Classes.Where(other => other != label && isBase(other)))
        {
            sum += Loss(model, replay.Rows(other), other) * replay.Rows(other).Count;
            count += replay.Rows(other).Count;
        }

        return count == 0 ? 0 : sum / count;
    }

    private static double Loss(ISiteModel model, IReadOnlyList<float[]> rows, int label)
    {
        var classes = model.ClassCount;
        var logits = new float[rows.Count * classes];
        model.Forward(BinaryTraining.Stack(rows), logits);
        return rows.Count == 0 ? 0 : Enumerable.Range(0, rows.Count).Average(row => Logits.LogSumExp(logits.AsSpan(row * classes, classes)) - logits[(row * classes) + label]);
    }
}
