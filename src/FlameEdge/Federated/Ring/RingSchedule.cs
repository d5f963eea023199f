namespace FlameEdge.Federated.Ring;

/// <summary>
/// Who sends which values when in a ring all-reduce: n − 1 steps in which sums travel round, then n − 1 in which they are spread. Ranges cut the flat values, not the
/// tensors, so every member sends 2 (n − 1) / n of the model whatever its layers are.
/// </summary>
/// <seealso href="https://doi.org/10.1016/j.jpdc.2008.09.002">Patarasuk and Yuan 2009, bandwidth optimal all-reduce</seealso>
public sealed class RingSchedule
{
    /// <param name="members">Members of the ring, at least 1: positions 0..n−1, right neighbour the next one.</param>
    /// <param name="length">Values of the model.</param>
    public RingSchedule(int members, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(members);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        (Members, Length) = (members, length);
    }

    /// <summary>n.</summary>
    public int Members { get; }

    /// <summary>Values of the model.</summary>
    public int Length { get; }

    /// <summary>Steps of both phases together: 2 (n − 1); a ring of one has none.</summary>
    public int Steps => 2 * (Members - 1);

    /// <summary>The range of a chunk; the first (length mod n) are one value longer, those beyond the values are empty.</summary>
    public RingRange Chunk(int chunk)
    {
        var (size, longer) = Math.DivRem(Length, Members);
        var from = (chunk * size) + Math.Min(chunk, longer);
        return new RingRange(from, from + size + (chunk < longer ? 1 : 0));
    }

    /// <summary>True while sums travel: what arrives is added. After that it replaces.</summary>
    public bool IsReduce(int step) => step < Members - 1;

    /// <summary>The chunk a member sends to its right neighbour in a step, from 0: (i − s) mod n, then (i + 1 − s′) mod n.</summary>
    public int SentChunk(int member, int step) => IsReduce(step) ? Wrap(member - step) : Wrap(member + 1 - (step - (Members - 1)));

    /// <summary>The chunk it gets from its left neighbour in that step.</summary>
    public int ReceivedChunk(int member, int step) => SentChunk(Wrap(member - 1), step);

    private int Wrap(int index) => ((index % Members) + Members) % Members;
}
