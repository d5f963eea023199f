using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Tells whether the classes a site knows well have become harder: not a class is new, the world has moved (our design).</summary>
/// <remarks>Compares the last batches with an exponential mean over about 100 before them; the rise must also be three deviations, so that chance borrows no model. Beside a new class half the rise and one deviation are enough: that the world has changed is known then.</remarks>
public sealed class BroadDrift(double rise, int windowBatches = 4) : IRemembered
{
    private readonly Queue<(int Rows, int Errors)> recent = new();
    private double mean;
    private long quiet;

    /// <summary>Takes the rows of known classes in a batch and how many were predicted wrongly; true where the rise stands.</summary>
    /// <param name="rows">Of known classes.</param>
    /// <param name="errors">Among them.</param>
    /// <param name="isBesideNew">True while a class is new.</param>
    public bool Add(int rows, int errors, bool isBesideNew = false)
    {
        var (least, deviations) = isBesideNew ? (rise / 2, 1) : (rise, 3);
        recent.Enqueue((rows, errors));
        if (recent.Count > windowBatches)
        {
            recent.Dequeue();
        }

        var total = recent.Sum(batch => batch.Rows);
        var error = total == 0 ? 0 : (double)recent.Sum(batch => batch.Errors) / total;
        var reference = Math.Max(0.02, this.mean);
        var deviation = Math.Sqrt(reference * (1 - reference) / Math.Max(1, total));
        var stands = quiet >= 20 && rise > 0 && recent.Count == windowBatches && error > this.mean + least && error > reference + (deviations * deviation);
        if (!stands && rows > 0)
        {
            quiet++;
            this.mean += (((double)errors / rows) - this.mean) / Math.Min(quiet, 100);
        }

        return stands;
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Items(recent, batch => writer.Wholes([batch.Rows, batch.Errors]));
        writer.Number(this.mean);
        writer.Long(quiet);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        recent.Clear();
        foreach (var batch in reader.Items(reader.Wholes))
        {
            recent.Enqueue((batch[0], batch[1]));
        }

        (this.mean, quiet) = (reader.Number(), reader.Long());
    }
}
