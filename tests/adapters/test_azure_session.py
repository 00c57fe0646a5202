"""Ways to log in to Azure Storage: which one is taken, what contradicts, what the credentials say of themselves."""

import logging

import pytest
from azure.core.credentials import AzureSasCredential
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from adapters.azure_blob import AzureBlobAdapter
from adapters.azure_session import DIRECT, FULL_CONTROL, AzureLogin, account_name

SECRET = "s3cr3t-never-to-be-seen"
URL = "https://acme.blob.core.windows.net"
SAS = f"sv=2021-12-02&sr=c&sp=rl&se=2027-01-01T00%3A00%3A00Z&sig={SECRET}"
PRINCIPAL = {"tenant_id": "t", "client_id": "c", "client_secret": SECRET}

CONTRADICTIONS = [  # options, what is said
    ({}, "account_url is needed"),
    ({"account_url": URL, "connection_string": "AccountName=a;AccountKey=b"}, "not both"),
    (
        {"account_url": URL, "account_key": SECRET, "sas_token": SAS},
        "more than one way to log in: account_key, sas_token",
    ),
    ({"account_url": f"{URL}?{SAS}", "sas_token": SAS}, "more than one way to log in: sas_token, a SAS in account_url"),
    ({"account_url": URL, "account_key": SECRET, **PRINCIPAL}, "account_key, client_secret"),
    ({"connection_string": f"AccountName=a;AccountKey={SECRET}", "sas_token": SAS}, "connection_string, sas_token"),
    ({"connection_string": f"BlobEndpoint={URL}"}, "neither AccountKey= nor"),
    ({"connection_string": SECRET}, "neither AccountKey= nor"),
    ({"account_url": f"{URL}?restype={SECRET}"}, "must not have a query"),
    ({"account_url": URL, "client_secret": SECRET}, "needs tenant_id and client_id"),
    ({"account_url": URL, "tenant_id": "t"}, "tenant_id needs client_id and client_secret"),
    ({"account_url": "http://acme.example/x", **PRINCIPAL}, "https only"),
    ({"account_url": "http://acme.example/x"}, "https only"),
    ({"account_url": f"http://{SECRET}@[nobody/x", "account_key": "YWJj"}, "is no address"),
    ({"account_url": f"http://{SECRET}:port/x", "account_key": "YWJj"}, "is no address"),
    ({"account_url": f"ftp://{SECRET}/x", "account_key": "YWJj"}, "is no address"),
]


@pytest.mark.parametrize("options, said", CONTRADICTIONS, ids=[case[1] for case in CONTRADICTIONS])
def test_what_contradicts_is_refused_before_anything_is_opened(options: dict[str, str], said: str):
    with pytest.raises(ValueError, match=said) as caught:
        AzureBlobAdapter("lake", "exports", **options)
    assert SECRET not in str(caught.value)
    assert "'lake'" in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"container": ""}, {"container": "a/b"}, {"concurrency": 0}, {"page_size": 0}, {"timeout": 0}]
)
def test_numbers_and_names_that_cannot_be_are_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="lake"):
        AzureBlobAdapter("lake", **{"container": "exports", "account_url": URL, **wrong})


CREDENTIALS = [
    ({"account_key": "YWJj\n"}, {"account_name": "acme", "account_key": "YWJj"}),
    ({"sas_token": f"?{SAS}\n"}, AzureSasCredential),
    (PRINCIPAL, ClientSecretCredential),
    ({"client_id": "c"}, DefaultAzureCredential),
    ({}, DefaultAzureCredential),
    ({**PRINCIPAL, "authority_host": "https://login.microsoftonline.us"}, ClientSecretCredential),
    ({"authority_host": "https://login.microsoftonline.us"}, DefaultAzureCredential),
]


@pytest.mark.parametrize("options, wanted", CREDENTIALS, ids=[" ".join(case[0]) or "nothing" for case in CREDENTIALS])
def test_each_way_has_its_credential(options: dict[str, str], wanted: object):
    opened = AzureLogin(account_url=URL, **options).open_credential()
    if isinstance(wanted, dict):
        assert opened == wanted
    else:
        assert isinstance(opened, wanted)
    if isinstance(opened, AzureSasCredential):
        assert opened.signature == SAS


def test_a_sas_may_stand_in_the_address():
    login = AzureLogin(account_url=f"{URL}/?{SAS}")
    assert (login.endpoint, login.sas) == (URL, SAS)
    assert isinstance(login.open_credential(), AzureSasCredential)


@pytest.mark.parametrize(
    "address, account",
    [
        (URL, "acme"),
        ("https://acme-secondary.blob.core.windows.net", "acme"),
        ("http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1"),
        ("http://azurite:10000/devstoreaccount1/", "devstoreaccount1"),
        ("https://acme.z6.blob.storage.azure.net", "acme"),
    ],
)
def test_the_account_is_read_from_its_address(address: str, account: str):
    assert account_name(AzureLogin(account_url=address, account_key="YWJj").endpoint) == account


RIGHTS = [  # options, rights in excess
    ({"account_url": URL, "account_key": "YWJj"}, (FULL_CONTROL,)),
    ({"connection_string": "AccountName=acme;AccountKey=YWJj;EndpointSuffix=core.windows.net"}, (FULL_CONTROL,)),
    ({"connection_string": f"BlobEndpoint={URL};SharedAccessSignature=sp=rlw&sig=x"}, ("SAS permission w (write)",)),
    ({"account_url": URL, "sas_token": "sp=rl&sig=x"}, ()),
    ({"account_url": URL, "sas_token": "sp=rlfe&sig=x"}, ()),
    (
        {"account_url": URL, "sas_token": "sp=racwdxyltmopi&sig=x"},
        tuple(
            f"SAS permission {said}"
            for said in (
                "a (add)",
                "c (create)",
                "w (write)",
                "d (delete)",
                "x (delete version)",
                "y (permanent delete)",
                "t (tags)",
                "m (move)",
                "o (ownership)",
                "p (permissions)",
                "i (set immutability policy)",
            )
        ),
    ),
    ({"account_url": f"{URL}?sp=rd&sig=x"}, ("SAS permission d (delete)",)),
    ({"account_url": URL, "sas_token": "si=policy&sr=c&sig=x"}, None),
    ({"account_url": URL, **PRINCIPAL}, None),
    ({"account_url": URL}, None),
]


@pytest.mark.parametrize("options, wanted", RIGHTS)
def test_rights_in_excess_are_told_by_the_credentials_alone(options: dict[str, str], wanted: object):
    assert AzureBlobAdapter("lake", "exports", **options).excess_rights() == wanted


def test_no_secret_is_shown_by_any_object():
    login = AzureLogin(account_url=f"{URL}?{SAS}")
    for shown in (
        login,
        AzureLogin(account_url=URL, **PRINCIPAL),
        AzureBlobAdapter("lake", "c", account_url=f"{URL}?{SAS}"),
    ):
        assert SECRET not in repr(shown)


def test_a_signature_stays_out_of_the_log_of_the_connection_pool(caplog: pytest.LogCaptureFixture):
    AzureLogin(account_url=URL, sas_token=SAS).client_options()["transport"].close()
    logger = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG, logger.name):
        logger.debug('%s "GET /c/k?sv=1&sig=%s&se=2 HTTP/1.1" %s', URL, SECRET, 403)
    assert SECRET not in caplog.text
    assert "&se=2" in caplog.text


def test_what_every_client_is_opened_with():
    options = AzureLogin(
        account_url="http://127.0.0.1:1/x", account_key="YWJj", concurrency=7, timeout_s=33
    ).client_options()
    assert options["retry_total"] == 0
    assert options["permit_redirects"] is False
    assert options["proxies"] == DIRECT
    transport = options["transport"]
    assert (transport.connection_config.timeout, transport.connection_config.read_timeout) == (10, 33)
    assert transport.session.get_adapter("https://x")._pool_maxsize == 7
    transport.close()
    outside = AzureLogin(account_url=URL, account_key="YWJj").client_options()
    assert outside["proxies"] is None
    outside["transport"].close()
