using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Ring;

/// <summary>One member's part of a ring all-reduce: in each step it sends a range of its values, then takes the range that arrives.</summary>
/// <remarks>
/// The values are scaled by weight / total at the start, so that sums are weighted means at the end. Pure arithmetic: links, time-outs and repair are the caller's; a
/// member that fails midway leaves partial sums, so a repaired ring starts over from each member's own values. Not thread-safe.
/// </remarks>
public sealed class RingMember
{
    private readonly RingSchedule schedule;
    private readonly int position;
    private readonly float[] values;
    private int step;

    /// <param name="schedule">The ring's.</param>
    /// <param name="position">This member's, in 0..n−1.</param>
    /// <param name="values">Its values; copied.</param>
    /// <param name="weight">How much they count, at least 0 (such as its samples).</param>
    /// <param name="total">Weights of all members together, above 0.</param>
    /// <exception cref="ArgumentException">A number is out of range, or a value is not finite.</exception>
    public RingMember(RingSchedule schedule, int position, ReadOnlySpan<float> values, long weight = 1, long total = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, schedule.Members);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, schedule.Length, nameof(values));
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(total);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, total);
        RequireFinite(values);
        (this.schedule, this.position, this.values) = (schedule, position, values.ToArray());
        if (weight != total)
        {
            TensorPrimitives.Multiply(this.values, (float)((double)weight / total), this.values);
        }
    }

    /// <summary>True when nothing is left to send or take: <see cref="Values"/> are the result.</summary>
    public bool IsComplete => this.step == this.schedule.Steps;

    /// <summary>The values as far as they have come.</summary>
    public ReadOnlySpan<float> Values => this.values;

    /// <summary>The chunk to send in the present step.</summary>
    public RingRange OutgoingRange => this.schedule.Chunk(this.schedule.SentChunk(this.position, Step()));

    /// <summary>The chunk expected in the present step.</summary>
    public RingRange IncomingRange => this.schedule.Chunk(this.schedule.ReceivedChunk(this.position, Step()));

    /// <summary>What goes to the right neighbour in the present step; copy it before <see cref="Receive"/>.</summary>
    public ReadOnlySpan<float> Outgoing => Slice(OutgoingRange);

    /// <summary>Takes what came from the left neighbour and ends the step.</summary>
    /// <exception cref="ArgumentException">It has another length than <see cref="IncomingRange"/>, or a value is not finite; the step goes on.</exception>
    public void Receive(ReadOnlySpan<float> incoming)
    {
        var place = Slice(IncomingRange);
        ArgumentOutOfRangeException.ThrowIfNotEqual(incoming.Length, place.Length, nameof(incoming));
        RequireFinite(incoming);
        if (this.schedule.IsReduce(this.step))
        {
            ParameterMath.AddScaled(incoming, 1, place);
        }
        else
        {
            incoming.CopyTo(place);
        }

        this.step++;
    }

    private int Step() => IsComplete ? throw new InvalidOperationException("the ring is complete") : this.step;

    private Span<float> Slice(RingRange range) => this.values.AsSpan(range.From, range.Length);

    private static void RequireFinite(ReadOnlySpan<float> values)
    {
        // Of no values IsFiniteAll is false; a ring of more members than values sends empty ranges.
        if (!values.IsEmpty && !TensorPrimitives.IsFiniteAll(values))
        {
            throw new ArgumentException("a value of the ring is not finite", nameof(values));
        }
    }
}
