using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Regression;

/// <summary>How well a site predicts of late: its usual error, whether a batch stands out against it, and how often predictions lie in the right region.</summary>
internal sealed class RegionWatch(int regionCount) : IRemembered
{
    private const double LeastError = 1e-6;
    private const int Memory = 100;
    private const int RecallMemory = 50;
    private readonly PageHinkley trigger = new(tolerance: 0.1, threshold: 20);
    private readonly double[] recall = new double[regionCount];
    private double usual;
    private long batches;

    /// <summary>Mean absolute error of about the last hundred batches, above 0.</summary>
    public double UsualError => Math.Max(usual, LeastError);

    /// <summary>Share of a region's last rows that were predicted to lie in it.</summary>
    public double Recall(int region) => recall[region];

    /// <summary>A batch; true where its error stands out.</summary>
    /// <param name="values">[rows].</param>
    /// <param name="predicted">[rows].</param>
    /// <param name="labels">Regions of the values.</param>
    /// <param name="found">Regions of the predictions.</param>
    /// <param name="seen">Rows of a region before this batch.</param>
    public bool Add(ReadOnlySpan<float> values, float[] predicted, int[] labels, int[] found, Func<int, long> seen)
    {
        var error = 0.0;
        for (var row = 0; row < values.Length; row++)
        {
            error += Math.Abs(predicted[row] - values[row]) / values.Length;
            recall[labels[row]] += ((found[row] == labels[row] ? 1 : 0) - recall[labels[row]]) / Math.Min(seen(labels[row]) + 1, RecallMemory);
        }

        var alarm = batches > 0 && trigger.Add(error / UsualError);
        batches++;
        usual += (error - usual) / Math.Min(batches, Memory);
        return alarm;
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        ((IRemembered)trigger).Write(writer);
        writer.Items(recall, writer.Number);
        writer.Number(usual);
        writer.Long(batches);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        ((IRemembered)trigger).Read(reader);
        foreach (var (region, value) in reader.Items(reader.Number).Index())
        {
            SnapshotReader.Require(region < recall.Length, "it has other regions");
            recall[region] = value;
        }

        (usual, batches) = (reader.Number(), reader.Long());
    }
}
