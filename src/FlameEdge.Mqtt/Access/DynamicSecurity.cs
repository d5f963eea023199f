using System.Buffers;
using System.Text.Json;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt.Access;

/// <summary>Gives rights to a running mosquitto by way of its dynamic security plugin.</summary>
public static class DynamicSecurity
{
    /// <summary>Creates roles and clients where they are missing and makes each role what it should be; others are left alone. It may be done again at any time.</summary>
    /// <param name="options">The broker, and the files of an administrator.</param>
    /// <param name="administrator">The administrator's name; it needs the plugin's role <c>admin</c>.</param>
    /// <param name="list">The rights.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the plugin refused, one line each; empty where all is as it should be.</returns>
    /// <exception cref="ChannelException">The broker cannot be reached, refuses the administrator, or has no such plugin.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(MqttOptions options, string administrator, AccessList list, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(list);
        var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var connection = new MqttConnection(1, message => answer.TrySetResult(message.Payload.ToArray()), static () => { }, new MqttTrafficCounter());
        var where = $"the broker at {options.Host}:{options.Port}";
        try
        {
            var attempt = new ClientOptionsBuilder(options, new AgentId(administrator), TimeProvider.System).Passing($"{administrator}-acl", options.Protocol == "3.1.1" ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500);
            await connection.ConnectAsync(attempt, options, cancellationToken);
            await connection.SubscribeAsync([DynamicSecurityAccess.AnswerTopic], cancellationToken);
            await connection.PublishAsync(new MqttApplicationMessage
            {
                Topic = DynamicSecurityAccess.CommandTopic,
                Payload = new(System.Text.Encoding.UTF8.GetBytes(new DynamicSecurityAccess().Write(list))),
                QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
            });
            var refusals = Refusals(await answer.Task.WaitAsync(options.StartTimeout, TimeProvider.System, cancellationToken));
            await connection.CloseAsync(options.ConnectTimeout);
            return refusals;
        }
        catch (TimeoutException exception)
        {
            throw new ChannelException($"{where} does not answer on {DynamicSecurityAccess.CommandTopic}; load the dynamic security plugin and use an administrator of it", exception) { Fault = ChannelFault.BrokerUnreachable };
        }
        catch (Exception exception) when (exception is MqttRefusedException or CredentialsException)
        {
            throw ConnectFault.Refused(exception, administrator, options);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            throw ConnectFault.Unreachable(exception, options);
        }
    }

    private static List<string> Refusals(byte[] answer)
    {
        List<string> refusals = [];
        try
        {
            using var document = JsonDocument.Parse(answer);
            foreach (var response in document.RootElement.GetProperty("responses").EnumerateArray())
            {
                // What exists is made what it should be by the command that follows.
                if (response.TryGetProperty("error", out var error) && error.GetString() is { } text && !text.EndsWith("already exists", StringComparison.Ordinal))
                {
                    refusals.Add($"{response.GetProperty("command").GetString()}: {text}");
                }
            }

            return refusals;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PayloadException("the dynamic security plugin's answer cannot be read; mosquitto 2.0 or newer is needed", exception);
        }
    }
}
