using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>A specialist at work in a site: its network, which goes on learning, and its place in the additive model.</summary>
public sealed class Stage(int label, DenseNetwork network, InputAveraging averaging, PacketOrigin origin, ConvolutionFront? front = null) : IRemembered
{
    /// <summary>Scores count up to this log-odds.</summary>
    public const float Clip = 8;

    // What a single row of a rare class may count: more would be luck.
    private const double MostWeight = 3;

    private static readonly int[] s_tests = [8, 16];

    private float[] raw = [];
    private int testsMade;
    private double rowsOfClass;
    private double rowsOfOthers;

    /// <summary>The class it knows.</summary>
    public int Label => label;

    /// <summary>The network [inputs, units…, 1].</summary>
    public DenseNetwork Network => network;

    /// <summary>What is done to samples first.</summary>
    public InputAveraging Averaging => averaging;

    /// <summary>What averaged samples go through next; null where the network takes them as they are.</summary>
    public ConvolutionFront? Front => front;

    /// <summary>Whence it came.</summary>
    public PacketOrigin Origin => origin;

    /// <summary>The bytes it came in, from which it can be made again.</summary>
    public ReadOnlyMemory<byte> Packet { get; init; }

    /// <summary>κ: how much a unit of score counts.</summary>
    public float Slope { get; set; } = 1;

    /// <summary>δ: log-odds added to every score.</summary>
    public float Offset { get; set; }

    /// <summary>Where the last step moved δ.</summary>
    internal float OffsetVelocity { get; set; }

    /// <summary>φ in [0, 1]: 1 at work, 0 silent.</summary>
    public float Fade { get; set; } = 1;

    /// <summary>G: decayed gain in log-likelihood over the model without it, nats.</summary>
    public double Gain { get; set; }

    /// <summary>Batches at work.</summary>
    public int Batches { get; set; }

    /// <summary>Batches in a row in which it made no difference.</summary>
    public int RedundantBatches { get; set; }

    /// <summary>The network as it arrived, before it met any row here: what later rows can test fairly.</summary>
    public DenseNetwork Arrived { get; init; } = Copy(network);

    /// <summary>The stage with a refresh added to what arrived and to what has become of it here.</summary>
    public Stage Refreshed(SparseValues change, PacketOrigin from) => new(label, Copy(network, change), averaging, from, front)
    {
        Arrived = Copy(Arrived, change),
        Packet = Packet,
        Slope = Slope,
        Offset = Offset,
        Fade = Fade,
        Batches = Batches,
        testsMade = testsMade,
        rowsOfClass = rowsOfClass,
        rowsOfOthers = rowsOfOthers,
    };

    /// <summary>True once each when the class has 8 and 16 rows here: a packet that passed the gate on one or two is tested again.</summary>
    public bool IsDueForTest(long positives)
    {
        if (testsMade >= s_tests.Length || positives < s_tests[testsMade])
        {
            return false;
        }

        while (testsMade < s_tests.Length && positives >= s_tests[testsMade])
        {
            testsMade++;
        }

        return true;
    }

    /// <summary>
    /// What rows of its class and of others count towards its gain: as in macro accuracy every class counts alike, whatever its share of the last ten batches or so.
    /// A specialist of a rare class is calibrated for even odds, and pays for its false alarms on all others long before the class has come often enough to thank it.
    /// </summary>
    /// <param name="labels">The batch.</param>
    /// <param name="classCount">Classes known here.</param>
    internal (double OfClass, double OfOthers) Weigh(ReadOnlySpan<int> labels, int classCount)
    {
        var here = labels.Count(label);
        (rowsOfClass, rowsOfOthers) = ((0.9 * rowsOfClass) + here, (0.9 * rowsOfOthers) + labels.Length - here);
        var (rows, share) = (rowsOfClass + rowsOfOthers, 1.0 / Math.Max(1, classCount));
        return (Math.Clamp(share * rows / Math.Max(1, rowsOfClass), 1, MostWeight), Math.Min(1, (1 - share) * rows / Math.Max(1, rowsOfOthers)));
    }

    /// <summary>Log-odds of samples [rows, features] by the network alone, unclipped: [rows], valid until the next call.</summary>
    public ReadOnlySpan<float> Score(ReadOnlyMemory<float> samples)
    {
        var rows = samples.Length / averaging.Inputs;
        if (this.raw.Length < rows)
        {
            this.raw = new float[rows];
        }

        network.Forward(Inputs(samples), this.raw);
        return this.raw.AsSpan(0, rows);
    }

    /// <summary>What the network sees of samples [rows, features].</summary>
    public ReadOnlyMemory<float> Inputs(ReadOnlyMemory<float> samples) => front is null ? averaging.Apply(samples) : front.Apply(averaging.Apply(samples));

    /// <summary>What a raw score adds to the class's logit: φ (κ clip(s) + δ), §5.1.</summary>
    public float Contribution(float raw) => Fade * ((Slope * Math.Clamp(raw, -Clip, Clip)) + Offset);

    // What it learned here and what refreshes made of it; all else is made again from its packet.
    void IRemembered.Write(SnapshotWriter writer)
    {
        ((IRemembered)network).Write(writer);
        writer.Floats(Arrived.Parameters);
        writer.Floats([Slope, Offset, OffsetVelocity, Fade]);
        writer.Number(Gain);
        writer.Number(rowsOfClass);
        writer.Number(rowsOfOthers);
        writer.Wholes([Batches, RedundantBatches, testsMade]);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        ((IRemembered)network).Read(reader);
        var arrived = reader.Floats();
        SnapshotReader.Require(arrived.Length == Arrived.Parameters.Length, "a specialist arrived with another size");
        Arrived.Load(arrived);
        var numbers = reader.Floats();
        SnapshotReader.Require(numbers.Length == 4, "a specialist has other figures");
        (Slope, Offset, OffsetVelocity, Fade) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        (Gain, rowsOfClass, rowsOfOthers) = (reader.Number(), reader.Number(), reader.Number());
        var counts = reader.Wholes();
        SnapshotReader.Require(counts.Length == 3, "a specialist has other counts");
        (Batches, RedundantBatches, testsMade) = (counts[0], counts[1], counts[2]);
    }

    private static DenseNetwork Copy(DenseNetwork network, SparseValues? change = null)
    {
        var copy = new DenseNetwork([.. network.Layers.Select(layer => layer.Inputs), 1]);
        var parameters = network.Parameters.ToArray();
        change?.AddTo(parameters);
        copy.Load(parameters);
        return copy;
    }
}

/// <summary>Whence a specialist came.</summary>
/// <param name="Helper">The site that sent it.</param>
/// <param name="Content">Hash of the packet's bytes.</param>
/// <param name="ModelHash">The helper's model it was cut from; revoking it removes every descendant.</param>
/// <param name="Expires">Not to be installed after this.</param>
public sealed record PacketOrigin(string Helper, ulong Content, ulong ModelHash, DateTimeOffset Expires);
