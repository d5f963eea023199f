using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Coordination;

/// <summary>Body of a <see cref="MessageKind.Plan"/>, JSON. What belongs to another step is left out.</summary>
internal sealed record CoordinationMessage
{
    /// <summary>An aggregator asks who is whose; the coordinator says it; an aggregator tells what a round took.</summary>
    public const string Ask = "ask", Plan = "plan", Measured = "measured";

    private const int LargestBytes = 8 << 20;

    public required string Step { get; init; }

    public required string Run { get; init; }

    /// <summary>The round it is about; 0 where an aggregator in the middle asks for a plan by its number.</summary>
    public int Round { get; init; }

    /// <summary>The plan it is about; of the top's question, the one it goes by so far.</summary>
    public int Number { get; init; }

    /// <summary>Of a plan: the aggregators that take part, for the top; its trainers, for one in the middle.</summary>
    public IReadOnlyList<string>? Members { get; init; }

    /// <summary>Of the top's question: seconds each aggregator took since it was last asked; null for one that was not counted.</summary>
    public IReadOnlyDictionary<string, double?>? Seconds { get; init; }

    /// <summary>Of the top's question, where it waits for nobody: seconds for which aggregators have had a model and not answered.</summary>
    public IReadOnlyDictionary<string, double>? Waiting { get; init; }

    /// <summary>Of what was measured: seconds the aggregator was at work on updates.</summary>
    public double Busy { get; init; }

    /// <summary>Of what was measured: seconds from the model's arrival until its group was done.</summary>
    public double Took { get; init; }

    /// <summary>Of what was measured: each update that was counted.</summary>
    public IReadOnlyList<MeasuredUpdate>? Updates { get; init; }

    public Message ToMessage() => new()
    {
        Kind = MessageKind.Plan,
        Round = Round,
        Body = new ReadOnlySequence<byte>(FederatedJson.Write(this, FederatedJson.Default.CoordinationMessage)),
    };

    /// <exception cref="PayloadException">It is none.</exception>
    public static CoordinationMessage Read(Message message) => message.Body.Length <= LargestBytes
        ? FederatedJson.Read(message.Body.ToArray(), FederatedJson.Default.CoordinationMessage)
        : throw new PayloadException($"a message of coordination has {message.Body.Length} bytes, at most {LargestBytes} are read");
}

/// <summary>What a trainer's part in a round took, as its aggregator saw it.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Seconds">From the model's sending to the whole update.</param>
/// <param name="Trained">Of that, what it says it trained.</param>
/// <param name="Bytes">Of model and update.</param>
internal sealed record MeasuredUpdate(string Worker, double Seconds, double Trained, long Bytes);
