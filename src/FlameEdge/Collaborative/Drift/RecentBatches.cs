using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Drift;

/// <summary>The last few batches of a site: what came, and how much of it was predicted rightly.</summary>
public sealed class RecentBatches(int classCount, int capacity = 6) : IRemembered
{
    private readonly Queue<Batch> batches = new();

    /// <summary>Batches held.</summary>
    public int Count => this.batches.Count;

    /// <summary>Takes the next batch: features [rows, …], labels and predicted classes [rows].</summary>
    public void Add(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels, ReadOnlySpan<int> predicted)
    {
        var (seen, right) = (new int[classCount], new int[classCount]);
        for (var row = 0; row < labels.Length; row++)
        {
            seen[labels[row]]++;
            right[labels[row]] += predicted[row] == labels[row] ? 1 : 0;
        }

        this.batches.Enqueue(new Batch(samples, labels.ToArray(), seen, right));
        if (this.batches.Count > capacity)
        {
            this.batches.Dequeue();
        }
    }

    /// <summary>Rows of a class in the batches held.</summary>
    public int Seen(int label) => this.batches.Sum(batch => batch.Seen[label]);

    /// <summary>Share of a class's rows that were predicted rightly; 1 where there are none.</summary>
    public double Recall(int label) => Seen(label) is var seen and > 0 ? (double)this.batches.Sum(batch => batch.Right[label]) / seen : 1;

    /// <summary>Rows of all batches held: features [rows, …] and labels.</summary>
    public (float[] Samples, int[] Labels) Rows() => ([.. this.batches.SelectMany(batch => batch.Samples.ToArray())], [.. this.batches.SelectMany(batch => batch.Labels)]);

    void IRemembered.Write(SnapshotWriter writer) => writer.Items(this.batches, batch =>
    {
        writer.Floats(batch.Samples.Span);
        writer.Wholes(batch.Labels);
        writer.Wholes(batch.Seen);
        writer.Wholes(batch.Right);
    });

    void IRemembered.Read(SnapshotReader reader)
    {
        this.batches.Clear();
        foreach (var batch in reader.Items(() => new Batch(reader.Floats(), reader.Wholes(), reader.Wholes(), reader.Wholes())))
        {
            this.batches.Enqueue(batch);
        }
    }

    private sealed record Batch(ReadOnlyMemory<float> Samples, int[] Labels, int[] Seen, int[] Right);
}
