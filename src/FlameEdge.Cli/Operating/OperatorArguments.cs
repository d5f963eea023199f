using System.CommandLine;
using System.Security.Cryptography;
using FlameEdge.Agent.Verbs;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Cli.Operating;

/// <summary>What every verb over a running fleet shares: the broker, who asks, whom, how long, and how the answer is written.</summary>
internal sealed class OperatorArguments
{
    private readonly BrokerArguments broker;
    private readonly Option<string?> name = new("--name") { Description = "this operator's name, where the broker knows users by name", HelpName = "NAME" };
    private readonly Option<string> controller = new("--controller") { Description = "the controller's name", DefaultValueFactory = _ => "controller", HelpName = "NAME" };
    private readonly Option<double> timeout = new("--timeout") { Description = "seconds to wait for the broker and for an answer", DefaultValueFactory = _ => 10, HelpName = "SECONDS" };
    private readonly Option<string> format = new("--format") { Description = "how the result is written", DefaultValueFactory = _ => "table" };

    public OperatorArguments(Command verb, bool isBrokerRequired = true, bool hasFormat = true)
    {
        broker = new(verb, isBrokerRequired);
        name.Validators.Add(result => Safe("--name", result));
        controller.Validators.Add(result => Safe("--controller", result));
        timeout.Validators.Add(static result =>
        {
            if (result.Tokens is [var token] && !(double.TryParse(token.Value, System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 86_400))
            {
                result.AddError($"--timeout {token.Value} is no time: write seconds above 0 and up to 86400");
            }
        });
        verb.Add(name);
        verb.Add(controller);
        verb.Add(timeout);
        if (hasFormat)
        {
            format.AcceptOnlyFromAmong("table", "json");
            verb.Add(format);
        }
    }

    public bool HasBroker(ParseResult parsed) => broker.IsGiven(parsed);

    public bool IsJson(ParseResult parsed) => parsed.GetValue(format) == "json";

    public AgentId Controller(ParseResult parsed) => new(parsed.GetValue(controller)!); // not null: it has a default

    public TimeSpan Timeout(ParseResult parsed) => TimeSpan.FromSeconds(parsed.GetValue(timeout));

    /// <summary>Connects to the broker.</summary>
    public Task<OperatorSession> ConnectAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var self = parsed.GetValue(name) ?? $"operator-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var options = broker.Read(parsed);
        options.StartTimeout = Timeout(parsed);
        options.SessionExpiry = TimeSpan.Zero;
        options.IsVisit = true;
        return OperatorSession.ConnectAsync(options, new AgentId(self), Controller(parsed), Timeout(parsed), cancellationToken);
    }

    private static void Safe(string option, System.CommandLine.Parsing.OptionResult result)
    {
        if (result.Tokens is [var token] && !SafeName.IsSafe(token.Value))
        {
            result.AddError($"{option} '{token.Value}' cannot be a topic level: write 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes");
        }
    }
}
