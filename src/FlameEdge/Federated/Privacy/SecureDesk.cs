using System.Buffers;
using System.Numerics.Tensors;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated.Privacy;

/// <summary>
/// A client's side of secure aggregation beside its training: keys and shares go to and fro while it learns, then its update leaves it masked. Secrets are never written down: a client that is
/// killed has dropped out of its round.
/// </summary>
internal sealed partial class SecureDesk : IAsyncDisposable
{
    private readonly Channel<(WorkerId From, int Round, SecureMessage Message)> arrivals =
        Channel.CreateBounded<(WorkerId From, int Round, SecureMessage Message)>(new BoundedChannelOptions(16) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly SecureAggregationSpec spec;
    private readonly Task pump;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SecureSession? session;

    public SecureDesk(RoleContext context, IChannel channel, SecureAggregationSpec spec)
    {
        (this.context, this.channel, this.spec) = (context, channel, spec);
        pump = Task.Run(PumpAsync);
    }

    /// <summary>Takes a step from the aggregator; quick.</summary>
    /// <exception cref="PayloadException">It is none.</exception>
    public void Take(MessageArrived arrived) => arrivals.Writer.TryWrite((arrived.Worker, arrived.Message.Round, SecureMessage.Of(arrived.Message)));

    /// <summary>Masks an update as soon as its round's members are known, and sends it.</summary>
    /// <returns>False when the round was over first.</returns>
    public async Task<bool> UploadAsync(WorkerId to, int round, UpdateHead head, ReadOnlySequence<byte> body, ParameterLayout layout, CancellationToken superseded, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource((context.Job.Rounds.Deadline * 2) + context.Job.Rounds.Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(superseded, cancellationToken, bound.Token);
        try
        {
            var values = new float[layout.Length];
            UpdateCodec.Plain.Decode(body, layout, values);
            TensorPrimitives.Multiply(values, (float)head.Samples, values);
            while (true)
            {
                var next = Changed();
                if (Masked(head.Run, round, values) is not var (attempt, masked))
                {
                    await next.WaitAsync(either.Token);
                    continue;
                }

                CrashPoint.Reach("secure-masked");
                var message = new Message { Kind = MessageKind.Update, Round = round, Head = FederatedJson.Write(head with { Attempt = attempt, Loss = null }, FederatedJson.Default.UpdateHead), Body = masked };
                if (await TrySendAsync(to, message, either.Token))
                {
                    return true;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), context.Time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception error) when (error is ArgumentException or PayloadException)
        {
            LogDropped(context.Logger, context.Worker.Id, round, error.Message);
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await pump;
        session?.Dispose();
        stopping.Dispose();
    }

    private Task Changed()
    {
        lock (gate)
        {
            return changed.Task;
        }
    }

    private (string Attempt, ReadOnlySequence<byte> Masked)? Masked(string run, int round, float[] values)
    {
        lock (gate)
        {
            return session is { Ready.IsCompleted: true } open && open.Run == run && open.Round == round ? (open.Attempt, open.Mask(values)) : null;
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var (from, round, message) in arrivals.Reader.ReadAllAsync(stopping.Token))
            {
                try
                {
                    if (Answer(round, message) is { } answer)
                    {
                        await TrySendAsync(from, answer.In(round), stopping.Token);
                        CrashPoint.Reach($"secure-{answer.Step}-sent");
                    }
                }
                catch (PayloadException error)
                {
                    LogDropped(context.Logger, context.Worker.Id, round, error.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The worker is done.
        }
    }

    private SecureMessage? Answer(int round, SecureMessage message)
    {
        lock (gate)
        {
            if (message.Step == SecureMessage.Begin && message.Attempt != session?.Attempt)
            {
                session?.Dispose();
                session = null;
                session = new SecureSession(message, round, context.Worker.Id, spec);
            }

            // What belongs to an earlier attempt has nothing to answer any more.
            var answer = message.Attempt == session?.Attempt ? session.Answer(message) : null;
            changed.TrySetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return answer;
        }
    }

    private async Task<bool> TrySendAsync(WorkerId to, Message message, CancellationToken cancellationToken)
    {
        try
        {
            await channel.SendAsync(to, message, cancellationToken);
            return true;
        }
        catch (ChannelException)
        {
            // The aggregator is away: it begins anew when it is back.
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker} takes no part in the secure sum of round {Round}: {Reason}")]
    private static partial void LogDropped(ILogger logger, WorkerId worker, int round, string reason);
}
