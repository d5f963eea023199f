using System.CommandLine;
using FlameEdge.Mqtt;

namespace FlameEdge.Agent.Verbs;

/// <summary>Where the broker is and as whom it is met: the same options for every verb that needs one. Secrets are named as files only.</summary>
internal sealed class BrokerArguments
{
    private readonly Option<Uri?> broker;
    private readonly Option<string> prefix = new("--prefix") { Description = "first level of every topic", DefaultValueFactory = _ => "flameedge", HelpName = "NAME" };
    private readonly Option<string?> user = new("--user") { Description = "MQTT user; this program's name where only a password is given", HelpName = "NAME" };
    private readonly Option<string?> passwordFile = new("--password-file") { Description = "file whose first line is the password", HelpName = "FILE" };
    private readonly Option<string?> caFile = new("--ca-file") { Description = "PEM file with the authorities trusted for the broker's certificate; the system's by default", HelpName = "FILE" };
    private readonly Option<string?> certificateFile = new("--cert-file") { Description = "PEM file with this program's certificate, for mutual TLS", HelpName = "FILE" };
    private readonly Option<string?> keyFile = new("--key-file") { Description = "PEM file with the certificate's private key", HelpName = "FILE" };
    private readonly Option<string> protocol = new("--protocol") { Description = "MQTT version: auto, 5 or 3.1.1", DefaultValueFactory = _ => "auto" };
    private readonly Option<string?> profile = new("--broker-profile") { Description = "file with what the broker can do, as 'flame-edge broker probe' writes it; by default it does what the standard says", HelpName = "FILE" };

    /// <param name="verb">The verb that gets the options.</param>
    /// <param name="isRequired">Whether it can do nothing without a broker.</param>
    /// <param name="isArgument">True where the verb takes the address in another way.</param>
    /// <param name="otherwise">What happens where no broker is named; for people.</param>
    public BrokerArguments(Command verb, bool isRequired = true, bool isArgument = false, string otherwise = "")
    {
        broker = new("--broker") { Description = $"mqtt://host:port, or mqtts://host:port for TLS{otherwise}", Required = isRequired, HelpName = "URL", CustomParser = RunOptionChecks.Broker };
        prefix.Validators.Add(RunOptionChecks.Prefix);
        protocol.AcceptOnlyFromAmong("auto", "5", "3.1.1");
        if (!isArgument)
        {
            verb.Add(broker);
        }

        foreach (var option in new Option[] { prefix, user, passwordFile, caFile, certificateFile, keyFile, protocol, profile })
        {
            verb.Add(option);
        }
    }

    /// <summary>True where a broker is named.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(broker) is not null;

    /// <summary>The first level of every topic.</summary>
    public string Prefix(ParseResult parsed) => parsed.GetValue(prefix)!; // not null: it has a default

    /// <summary>The same for a broker that the verb takes in another way.</summary>
    public MqttOptions Read(ParseResult parsed, Uri address)
    {
        var options = Read(parsed);
        options.Broker = address;
        return options;
    }

    /// <summary>What was written, the rest by default.</summary>
    public MqttOptions Read(ParseResult parsed)
    {
        var options = new MqttOptions
        {
            Prefix = Prefix(parsed),
            User = parsed.GetValue(user),
            PasswordFile = parsed.GetValue(passwordFile),
            CaFile = parsed.GetValue(caFile),
            CertificateFile = parsed.GetValue(certificateFile),
            KeyFile = parsed.GetValue(keyFile),
            Protocol = parsed.GetValue(protocol)!, // not null: it has a default
            BrokerProfile = parsed.GetValue(profile),
        };
        options.Broker = parsed.GetValue(broker) ?? options.Broker;
        return options;
    }
}
